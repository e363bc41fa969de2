/** Notes one thing that is wrong: its place, what it is and what to do. */
export type Refuse = (path: (string | number)[], message: string) => void;
