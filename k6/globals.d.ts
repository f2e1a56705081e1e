// What k6 has of its own accord and its types leave to those of browsers, of which it has nothing else.
declare const console: { warn(text: string): void; error(text: string): void };
declare function setTimeout(run: () => void, ms: number): number;
declare function setInterval(run: () => void, ms: number): number;
declare function clearInterval(timer: number): void;
