/** One step of the schema. Steps are numbered 1, 2, 3 … and never changed once released. */
export interface Migration {
  version: number;
  name: string;
  /** Runs in one transaction; what it throws leaves the database as it was. */
  sql: string;
}
