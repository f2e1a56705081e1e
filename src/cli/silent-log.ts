import type { KeyringLog } from '../auth/keyring.ts';

/** A command says what matters itself. */
export const SILENT: KeyringLog = { info() {}, warn() {}, error() {} };
