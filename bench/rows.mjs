/** The small objects that streams carry, as a user's generators would make them. No two names are the same. */
export async function* rows(count) {
  for (let id = 0; id < count; id++) yield { id, name: nameOf(id) };
}

export function* rowsAtOnce(count) {
  for (let id = 0; id < count; id++) yield { id, name: nameOf(id) };
}

/** What a server that gets rows sends back for each. */
export function changed(row) {
  return { id: row.id + 1, name: row.name };
}

/** Takes rows that must come in order: it looks at every id, and at one name in 64, for comparing costs too. */
export class RowCheck {
  #firstId;
  #taken = 0;

  constructor(firstId) {
    this.#firstId = firstId;
  }

  take(row) {
    const at = this.#taken++;
    if (row.id !== this.#firstId + at || (at % 64 === 0 && row.name !== nameOf(at))) {
      throw new Error(`wrong row at ${at}: ${JSON.stringify(row)}`);
    }
  }

  end(count) {
    if (this.#taken !== count) throw new Error(`${this.#taken} of ${count} rows came`);
  }
}

function nameOf(id) {
  return `row ${id}`;
}
