/** Node's TLS error codes for a certificate that is not trusted (`X509_V_ERR_…` of OpenSSL). */
const CERTIFICATE = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Whether a connection failed because the other side speaks no TLS, or has a certificate that is not trusted. */
export const isWrongTls = (error: Error): boolean => {
  const { code, library } = error as { code?: unknown; library?: unknown };
  if (library === 'SSL routines') return true;
  return (
    typeof code === 'string' &&
    (CERTIFICATE.has(code) || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))
  );
};
