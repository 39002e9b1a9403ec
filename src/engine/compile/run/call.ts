/** Runs one instruction, or several one after another. */
export type Call = () => void;
