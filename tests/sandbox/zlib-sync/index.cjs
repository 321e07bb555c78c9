"use strict";
const { constants, inflateSync } = require("node:zlib");
const { Z_NO_FLUSH, Z_SYNC_FLUSH } = constants;

/**
 * Inflates one stream that comes in pieces. Node has no synchronous stream, so that each message inflates all
 * there was from the beginning: short enough for a test.
 */
class Inflate {
  constructor() {
    this.pieces = [];
    this.told = 0;
    this.err = 0;
    this.msg = null;
    this.result = null;
  }

  push(piece, flush) {
    this.pieces.push(piece);
    if (flush !== Z_SYNC_FLUSH) return;
    try {
      const all = inflateSync(Buffer.concat(this.pieces), { finishFlush: Z_SYNC_FLUSH });
      this.result = all.toString("utf8", this.told);
      this.told = all.length;
    } catch (error) {
      this.err = error.errno;
      this.msg = error.message;
    }
  }
}

module.exports = { Inflate, Z_NO_FLUSH, Z_SYNC_FLUSH };
