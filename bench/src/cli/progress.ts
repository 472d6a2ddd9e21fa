import type { Listener } from '../rounds/measure-work.js';

/** Says on the terminal how far a run is; keeps the notes for the report. */
export class Progress implements Listener {
  readonly notes: string[] = [];

  /** Only terminals see it, on one line that is written over. */
  progress(line: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  }

  note(line: string): void {
    this.notes.push(line);
  }

  print(text: string): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    process.stdout.write(`${text}\n`);
  }

  printNotes(): void {
    if (this.notes.length > 0) this.print(`\nLeft out:\n${this.notes.join('\n')}`);
  }
}
