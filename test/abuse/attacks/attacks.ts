import { besiege } from './besiege.ts';
import { fragments } from './fragments.ts';
import { frames } from './frames.ts';
import { requests } from './requests.ts';

export const ATTACKS = { besiege, fragments, frames, requests };

export type AttackName = keyof typeof ATTACKS;
export type OptionsOf<N extends AttackName> = Parameters<(typeof ATTACKS)[N]>[1];
