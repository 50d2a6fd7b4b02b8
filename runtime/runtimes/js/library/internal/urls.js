'use strict';
// What LLRT's URL has not.

exports.complete = () => {
  const Original = globalThis.URL;
  // LLRT takes text alone.
  function URL(url, base) {
    if (new.target === undefined) throw new TypeError("Class constructor URL cannot be invoked without 'new'");
    try {
      return Reflect.construct(Original, base === undefined ? [`${url}`] : [`${url}`, `${base}`], new.target);
    } catch (error) {
      throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: `${url}`, ...(base === undefined ? {} : { base: `${base}` }), cause: error });
    }
  }
  Object.setPrototypeOf(URL, Original);
  URL.prototype = Original.prototype;
  Object.defineProperty(URL.prototype, 'constructor', { value: URL, writable: true, configurable: true });
  Object.defineProperty(globalThis, 'URL', { value: URL, writable: true, enumerable: false, configurable: true });
  URL.canParse = (text, base) => {
    try {
      return new URL(text, base) !== undefined;
    } catch {
      return false;
    }
  };
  URL.parse = (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);
};
