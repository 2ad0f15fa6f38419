/** One line of the doctor's report. */
export interface Check {
  /** What was looked at: `gVisor`, `disk`. */
  subject: string;
  /** `fail`: something Airlock needs is missing. `warn`: works, but worth a look. `note`: a fact. */
  status: 'ok' | 'warn' | 'fail' | 'note';
  detail: string;
  /** The command or step that mends it. */
  fix?: string;
}
