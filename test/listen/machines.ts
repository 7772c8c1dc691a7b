/** What `nc` is there, and everything else that the commands may name. */
export const MACHINES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Python: { sh: '/bin/sh', python3: '/usr/bin/python3' },
  'OpenBSD netcat': gnu({ nc: '/usr/bin/nc.openbsd' }),
  Ncat: gnu({ ncat: '/usr/bin/ncat' }),
  'Traditional netcat': gnu({ nc: '/usr/bin/nc.traditional' }),
  'BusyBox or any other nc': busybox('nc'),
  'bash alone': gnu({ bash: '/usr/bin/bash', cat: '/usr/bin/cat' }),
  'OpenSSL, by the fingerprint': gnu({ openssl: '/usr/bin/openssl' }),
  'OpenSSL, by the certificate itself': gnu({ openssl: '/usr/bin/openssl', fold: '/usr/bin/fold' }),
};

export function gnu(more: Readonly<Record<string, string>>): Record<string, string> {
  const usual = ['dd', 'tee', 'sha256sum', 'wc', 'cat'].map((name) => [name, `/usr/bin/${name}`]);
  return { sh: '/bin/sh', ...(Object.fromEntries(usual) as Record<string, string>), ...more };
}

export function busybox(...more: string[]): Record<string, string> {
  const names = ['sh', 'dd', 'tee', 'sha256sum', 'wc', 'cat', ...more];
  return Object.fromEntries(names.map((name) => [name, '/usr/bin/busybox']));
}
