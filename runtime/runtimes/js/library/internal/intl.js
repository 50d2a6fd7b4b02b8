'use strict';
// `Intl` for numbers and dates in some languages, and an error that says so for everything else.

// Of each language: marks for thousands and decimals, the place of a currency, percent, and dates.
const LANGUAGES = {
  en: { group: ',', decimal: '.', currency: '¤#', percent: '#%', date: 'M/D/Y', hour12: true, time: ', ' },
  de: { group: '.', decimal: ',', currency: '#\u00a0¤', percent: '#\u00a0%', date: 'D.M.Y', time: ', ' },
  fr: { group: '\u202f', decimal: ',', currency: '#\u00a0¤', percent: '#\u202f%', date: 'DD/MM/Y', time: ' ' },
  es: { group: '.', decimal: ',', currency: '#\u00a0¤', percent: '#\u00a0%', date: 'D/M/Y', time: ', ', least: 5 },
  it: { group: '.', decimal: ',', currency: '#\u00a0¤', percent: '#%', date: 'D/M/Y', time: ', ' },
  nl: { group: '.', decimal: ',', currency: '¤\u00a0#', percent: '#%', date: 'D-M-Y', time: ', ' },
  sv: { group: '\u00a0', decimal: ',', currency: '#\u00a0¤', percent: '#\u00a0%', date: 'Y-MM-DD', time: ' ' },
  'en-CA': { group: ',', decimal: '.', currency: '¤#', percent: '#%', date: 'Y-MM-DD', hour12: true, time: ', ' },
  'en-GB': { group: ',', decimal: '.', currency: '¤#', percent: '#%', date: 'DD/MM/Y', time: ', ' },
  'pt-BR': { group: '.', decimal: ',', currency: '¤\u00a0#', percent: '#%', date: 'DD/MM/Y', time: ', ' },
};

const SIGNS = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', BRL: 'R$', CNY: 'CN¥', KRW: '₩' };
const DIGITS = { JPY: 0, KRW: 0 };
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

// Where each language is meant to be spoken, if that is said at all; others have other forms.
const REGIONS = { en: 'US', de: 'DE', fr: 'FR', es: 'ES', it: 'IT', nl: 'NL', sv: 'SE' };

function find(name) {
  const [language, region] = name.split('-');
  return LANGUAGES[name] ?? (region === undefined || REGIONS[language] === region ? LANGUAGES[language] : undefined);
}

function localeOf(locales) {
  for (const locale of [locales ?? 'en-US'].flat()) {
    const name = String(locale);
    const own = find(name);
    if (own !== undefined) return [name, own];
  }
  throw new RangeError(`Intl has no locale ${[locales].flat().join(', ')} in this runtime; there are ${Object.keys(LANGUAGES).join(', ')}`);
}

const supported = (locales) => [locales ?? []].flat().filter((name) => find(String(name)) !== undefined);

function refuse(what) {
  throw new RangeError(`${what} is not in Intl of this runtime, which formats numbers, and dates by figures or in English`);
}

class NumberFormat {
  #language;
  #options;
  constructor(locales, options = {}) {
    const [locale, language] = localeOf(locales);
    this.#language = language;
    const { style = 'decimal', currency, notation = 'standard' } = options;
    if (!['decimal', 'percent', 'currency'].includes(style)) refuse(`style "${style}"`);
    if (notation !== 'standard') refuse(`notation "${notation}"`);
    if (style === 'currency' && currency === undefined) throw new TypeError('Currency code is required with currency style.');
    const usual = style === 'currency' ? (DIGITS[currency.toUpperCase()] ?? 2) : 0;
    const minimum = options.minimumFractionDigits ?? Math.min(usual, options.maximumFractionDigits ?? usual);
    const maximum = options.maximumFractionDigits ?? Math.max(minimum, style === 'decimal' ? 3 : usual);
    if (!(minimum >= 0 && maximum >= minimum && maximum <= 100)) throw new RangeError('maximumFractionDigits value is out of range.');
    this.#options = {
      locale, numberingSystem: 'latn', style, ...(currency ? { currency: currency.toUpperCase(), currencyDisplay: options.currencyDisplay ?? 'symbol' } : {}),
      minimumIntegerDigits: options.minimumIntegerDigits ?? 1, minimumFractionDigits: minimum, maximumFractionDigits: maximum,
      useGrouping: options.useGrouping ?? 'auto', notation, maximumSignificantDigits: options.maximumSignificantDigits,
    };
    this.format = this.format.bind(this);
  }
  static supportedLocalesOf(locales) {
    return supported(locales);
  }
  resolvedOptions() {
    return { ...this.#options };
  }
  format(value) {
    const { style, minimumFractionDigits, maximumFractionDigits, minimumIntegerDigits, useGrouping, maximumSignificantDigits } = this.#options;
    const { group, decimal, least = 4 } = this.#language;
    const number = typeof value === 'bigint' ? value : Number(value);
    if (Number.isNaN(number)) return 'NaN';
    const isNegative = number < 0 || Object.is(number, -0);
    const size = typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(style === 'percent' ? number * 100 : number);
    let text = '∞';
    if (size !== Infinity) {
      const rounded = maximumSignificantDigits && size !== 0 ? Number(Number(size).toPrecision(maximumSignificantDigits)) : size;
      let [whole, rest = ''] = typeof rounded === 'bigint' ? [String(rounded)] : fixed(rounded, maximumFractionDigits).split('.');
      while (rest.length > minimumFractionDigits && rest.endsWith('0')) rest = rest.slice(0, -1);
      rest = rest.padEnd(minimumFractionDigits, '0');
      whole = whole.padStart(minimumIntegerDigits, '0');
      if (useGrouping && whole.length >= least) whole = whole.replace(/\B(?=(\d{3})+$)/g, group);
      text = rest === '' ? whole : whole + decimal + rest;
    }
    return (isNegative ? '-' : '') + this.#dress(text);
  }
  #dress(text) {
    const { style, currency, currencyDisplay } = this.#options;
    if (style === 'percent') return this.#language.percent.replace('#', text);
    if (style !== 'currency') return text;
    const sign = currencyDisplay === 'code' ? `${currency}\u00a0` : (SIGNS[currency] ?? `${currency}\u00a0`);
    const before = this.#language.currency.startsWith('¤');
    return this.#language.currency.replace('¤', before ? sign : sign.trim()).replace('#', text);
  }
  formatToParts() {
    return refuse('formatToParts of numbers');
  }
}

// As decimal figures, also if there are many; halves are rounded away from zero as they are written.
function fixed(number, digits) {
  const text = String(number);
  const [, whole, rest = ''] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) return number >= 1e21 ? String(BigInt(number)) : number.toFixed(Math.min(digits, 100));
  if (rest.length <= digits) return text;
  let all = BigInt(whole + rest.slice(0, digits));
  if (rest[digits] >= '5') all += 1n;
  const figures = String(all).padStart(digits + 1, '0');
  return digits === 0 ? figures : `${figures.slice(0, -digits)}.${figures.slice(-digits)}`;
}

const PARTS = ['weekday', 'era', 'year', 'month', 'day', 'hour', 'minute', 'second', 'fractionalSecondDigits', 'dayPeriod'];
const OF_DATE = ['weekday', 'year', 'month', 'day'];
const OF_TIME = ['hour', 'minute', 'second'];
const STYLES = {
  date: {
    full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, long: { year: 'numeric', month: 'long', day: 'numeric' },
    medium: { year: 'numeric', month: 'short', day: 'numeric' }, short: { year: '2-digit', month: 'numeric', day: 'numeric' },
  },
  time: {
    full: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' }, long: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
    medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, short: { hour: 'numeric', minute: '2-digit' },
  },
};

class DateTimeFormat {
  #language;
  #locale;
  #zone;
  #own;
  #hour12;
  constructor(locales, options = {}, defaults = ['year', 'month', 'day']) {
    [this.#locale, this.#language] = localeOf(locales);
    this.#zone = options.timeZone ?? 'UTC';
    if (native.zoneOffset(this.#zone, 0) === undefined) throw new RangeError(`Invalid time zone specified: ${this.#zone}`);
    const own = { ...STYLES.date[options.dateStyle], ...STYLES.time[options.timeStyle], ...(options.timeZoneName ? { timeZoneName: options.timeZoneName } : {}) };
    for (const name of PARTS) if (options[name] !== undefined) own[name] = options[name];
    for (const name of ['era', 'dayPeriod', 'fractionalSecondDigits']) if (own[name] !== undefined) refuse(`"${name}" of dates`);
    if (![...OF_DATE, ...OF_TIME].some((name) => own[name] !== undefined)) {
      for (const name of defaults) own[name] = name === 'minute' || name === 'second' ? '2-digit' : 'numeric';
    }
    const isWritten = own.weekday !== undefined || !['numeric', '2-digit', undefined].includes(own.month);
    if (isWritten && !this.#locale.startsWith('en')) refuse(`names of months and days in "${this.#locale}"`);
    this.#own = own;
    this.#hour12 = options.hour12 ?? (options.hourCycle === undefined ? this.#language.hour12 === true : /h1[12]/.test(options.hourCycle));
    this.format = this.format.bind(this);
  }
  static supportedLocalesOf(locales) {
    return supported(locales);
  }
  resolvedOptions() {
    return { locale: this.#locale, calendar: 'gregory', numberingSystem: 'latn', timeZone: this.#zone, ...this.#own };
  }
  #values(date) {
    const time = date === undefined ? Date.now() : Number(date);
    if (Number.isNaN(new Date(time).getTime())) throw new RangeError('Invalid time value');
    const [seconds, name] = native.zoneOffset(this.#zone, time);
    const there = new Date(time + Number(seconds) * 1000);
    const figures = (value, style) => (style === '2-digit' ? String(value).padStart(2, '0').slice(-2) : String(value));
    const named = (list, index, style) => (style === 'long' ? list[index] : list[index].slice(0, style === 'narrow' ? 1 : 3));
    const { weekday, year, month, day, hour, minute, second } = this.#own;
    const hours = there.getUTCHours();
    const isFigure = month === 'numeric' || month === '2-digit';
    return {
      weekday: weekday && named(DAYS, there.getUTCDay(), weekday),
      year: year && figures(there.getUTCFullYear(), year),
      month: month && (isFigure ? figures(there.getUTCMonth() + 1, month) : named(MONTHS, there.getUTCMonth(), month)),
      day: day && figures(there.getUTCDate(), day),
      hour: hour && figures(this.#hour12 ? hours % 12 || 12 : hours, this.#hour12 ? hour : '2-digit'),
      minute: minute && figures(there.getUTCMinutes(), hour ? '2-digit' : minute),
      second: second && figures(there.getUTCSeconds(), minute ? '2-digit' : second),
      dayPeriod: hour && this.#hour12 ? (hours < 12 ? 'AM' : 'PM') : undefined,
      timeZoneName: this.#own.timeZoneName && name,
      isFigure,
    };
  }
  // Parts in order, each with its kind.
  formatToParts(date) {
    const values = this.#values(date);
    const parts = [];
    const add = (type, mark) => {
      if (values[type] === undefined) return;
      if (parts.length > 0) parts.push({ type: 'literal', value: mark });
      parts.push({ type, value: values[type] });
    };
    if (values.month !== undefined && !values.isFigure) {
      const isBritish = this.#locale === 'en-GB';
      add('weekday');
      if (isBritish) {
        add('day', values.weekday === undefined ? ' ' : ' ');
        add('month', ' ');
        add('year', ' ');
      } else {
        add('month', ', ');
        add('day', ' ');
        add('year', values.day === undefined ? ' ' : ', ');
      }
    } else {
      add('weekday');
      const mark = /[^A-Z]/.exec(this.#language.date)[0];
      let isFirst = true;
      for (const piece of this.#language.date.split(mark)) {
        const type = { Y: 'year', M: 'month', D: 'day' }[piece[0]];
        if (values[type] === undefined) continue;
        if (piece.length === 2 && this.#own[type] === 'numeric') values[type] = values[type].padStart(2, '0');
        add(type, isFirst && values.weekday !== undefined ? ', ' : mark);
        isFirst = false;
      }
    }
    const isLong = values.month !== undefined && !values.isFigure && this.#own.month === 'long';
    add('hour', isLong ? ' at ' : this.#language.time);
    add('minute', ':');
    add('second', ':');
    add('dayPeriod', ' ');
    add('timeZoneName', ' ');
    return parts;
  }
  format(date) {
    return this.formatToParts(date).map(({ value }) => value).join('');
  }
}

class Collator {
  constructor() {
    this.compare = (a, b) => String(a).localeCompare(String(b));
  }
  static supportedLocalesOf(locales) {
    return supported(locales);
  }
}

const absent = (name) =>
  class {
    constructor() {
      refuse(`Intl.${name}`);
    }
  };

const Intl = { NumberFormat, DateTimeFormat, Collator, getCanonicalLocales: (locales) => [locales ?? []].flat().map(String), supportedValuesOf: () => [] };
for (const name of ['DisplayNames', 'DurationFormat', 'ListFormat', 'Locale', 'PluralRules', 'RelativeTimeFormat', 'Segmenter']) Intl[name] = absent(name);
for (const name of Object.keys(Intl)) Object.defineProperty(Intl, name, { enumerable: false });
Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });
// As functions they make an object as well.
for (const name of ['NumberFormat', 'DateTimeFormat']) Intl[name] = new Proxy(Intl[name], { apply: (type, _, all) => new type(...all) });
exports.Intl = Intl;

const WHOLE = ['year', 'month', 'day', 'hour', 'minute', 'second'];

// What numbers and dates say in a language.
exports.numberText = (number, locales, options) => new NumberFormat(locales, options).format(number);
exports.dateText = (date, kind, locales, options) => {
  if (Number.isNaN(date.getTime())) return 'Invalid Date';
  const defaults = { date: WHOLE.slice(0, 3), time: WHOLE.slice(3), both: WHOLE }[kind];
  const given = options ?? {};
  const lacks = (names) => !names.some((name) => given[name] !== undefined) && given.dateStyle === undefined && given.timeStyle === undefined;
  // Parts of the other kind alone are added to.
  const added = kind === 'date' && lacks(OF_DATE) ? defaults : kind === 'time' && lacks(OF_TIME) ? defaults : [];
  const own = { ...given };
  for (const name of added) own[name] = name === 'minute' || name === 'second' ? '2-digit' : 'numeric';
  return new DateTimeFormat(locales, own, defaults).format(date);
};
