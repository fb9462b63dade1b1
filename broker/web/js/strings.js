// SPDX-License-Identifier: GPL-3.0-or-later
// Every sentence the portal says, by key. A language is a module in strings/ and a line in LANGUAGES; what it lacks is said in English.

import english from './strings/en.js';
import german from './strings/de.js';

const LANGUAGES = { en: english, de: german };

const languageOf = (tag) => tag.toLowerCase().split('-')[0];

// The whole tag (“en-GB”) says how times are written; its first part which sentences there are.
const locale = navigator.languages.find((tag) => Object.hasOwn(LANGUAGES, languageOf(tag))) ?? 'en';
export const language = languageOf(locale);
document.documentElement.lang = language;

const strings = { ...english, ...LANGUAGES[language] };

/** The sentence for a key, with {name} replaced by values.name. */
export function t(key, values = {}) {
  const text = strings[key];
  if (text === undefined) {
    return key;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

export function hasText(key) {
  return Object.hasOwn(strings, key);
}

/** “28 seconds”, “2 minutes”, in the page's language. */
export function duration(seconds) {
  const minutes = seconds >= 90;
  const format = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: minutes ? 'minute' : 'second',
    unitDisplay: 'long',
    maximumFractionDigits: 0,
  });
  return format.format(minutes ? Math.ceil(seconds / 60) : Math.max(1, Math.ceil(seconds)));
}

/** A time of the broker's as people say it here: the hour, and the day when it was another one. */
export function clock(rfc3339) {
  const date = new Date(rfc3339);
  if (Number.isNaN(date.getTime())) {
    return '';
  }
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(locale, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

/** A number as people write it here. */
export function number(value) {
  return new Intl.NumberFormat(locale).format(value);
}

/** Bytes as “811 MiB”. */
export function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: value < 100 && power > 0 ? 1 : 0 }).format(value)}\u00a0${units[power]}`;
}
