// The invented language, of which every probability is known: `lab/corpus.py` once more, for one text at a time.

export const ALPHABET = " abcdefghijklmnopqrstuvwxyz"; // a character's number is its place here
const ROUNDS = 100; // of the chain of words, until its shares no longer change

export const encoded = (text) => Array.from(text, (character) => ALPHABET.indexOf(character));

/** Words in alphabetical order, and how likely each is after each: by loyalty its partners, else by frequency. */
export class Language {
  /** @param {{words: string, ranks: number[], partners: number[], weights: number[], loyalty: number, shift: number}} known */
  constructor({ words, ranks, partners, weights, loyalty, shift }) {
    this.words = words.split(" ");
    this.place = new Map(this.words.map((word, i) => [word, i]));
    this.partners = partners;
    this.weights = weights;
    this.loyalty = loyalty;
    const zipf = Float64Array.from(ranks, (rank) => 1 / (rank + shift));
    const all = zipf.reduce((sum, share) => sum + share, 0);
    this.frequency = zipf.map((share) => share / all);
    this.stationary = this.settled();
    this.row = { last: "", shares: this.stationary }; // the latest asked for
  }

  /** How often each word occurs in a long text. */
  settled() {
    let share = this.frequency;
    for (let round = 0; round < ROUNDS; round++) {
      const next = this.frequency.map((frequency) => (1 - this.loyalty) * frequency);
      share.forEach((from, word) => this.eachPartner(word, (partner, weight) => (next[partner] += from * weight)));
      share = next;
    }
    const all = share.reduce((sum, one) => sum + one, 0);
    return share.map((one) => one / all);
  }

  eachPartner(word, act) {
    this.weights.forEach((weight, i) => act(this.partners[word * this.weights.length + i], this.loyalty * weight));
  }

  /** The share of every word after `last`; after none of the language's, of every word in a long text. */
  after(last) {
    const word = this.place.get(last);
    if (word === undefined) return this.stationary;
    const row = this.frequency.map((frequency) => (1 - this.loyalty) * frequency);
    this.eachPartner(word, (partner, weight) => (row[partner] += weight));
    return row;
  }

  /** The first word that does not come before `text`. */
  from(text) {
    let [low, high] = [0, this.words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.words[middle] < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The probability of each character after a text; null where no word of the language begins as its last does. */
  next(text) {
    const cut = text.lastIndexOf(" ");
    const begun = text.slice(cut + 1);
    const last = text.slice(text.lastIndexOf(" ", cut - 1) + 1, Math.max(cut, 0));
    if (last !== this.row?.last) this.row = { last, shares: this.after(last) };
    const shares = new Array(ALPHABET.length).fill(0);
    let all = 0;
    for (let i = this.from(begun); this.words[i]?.startsWith(begun); i++) {
      shares[ALPHABET.indexOf(`${this.words[i]} `[begun.length])] += this.row.shares[i];
      all += this.row.shares[i];
    }
    return all ? shares.map((share) => share / all) : null;
  }

  /** Nats of each character of a text but the first, to whoever knows the language. */
  surprises(text) {
    return Array.from(text.slice(1), (character, i) => -Math.log(this.next(text.slice(0, i + 1))?.[ALPHABET.indexOf(character)] ?? 0));
  }
}
