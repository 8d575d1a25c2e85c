/**
 * Files could not be written: no room, or the browser refused. `sentence` (also the message) is for people;
 * `cause` keeps the technical error.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  get sentence(): string {
    return this.message;
  }
}
