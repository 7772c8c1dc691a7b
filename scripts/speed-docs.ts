// The targets of bench/results.json judged anew, and docs/throughput.svg and the tables of docs/speed.md made of it. `npm run bench`
// does both itself; this is for when a target, the picture or a table has changed:
//   npm run build && node dist/scripts/speed-docs.js
import { judgeAgain } from '../bench/files.ts';

judgeAgain();
