// SPDX-License-Identifier: Apache-2.0
// Nobody edits the palette blind: contrasts after WCAG 2.2, distances (CIE 1976) also as colour-blind eyes see
// them (Machado, Oliveira and Fernandes 2009, full severity).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

type Colour = [number, number, number];

const css = readFileSync('src/look/tokens.css', 'utf8');
const [lightCss = '', darkCss = ''] = css.split('@media');

function token(name: string, of = lightCss): Colour {
  const hex = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(of)?.[1];
  assert.ok(hex, `--${name} is in tokens.css`);
  return [0, 2, 4].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255)) as Colour;
}

const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]: Colour) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(a: Colour, b: Colour): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const EYES: Record<string, Colour[]> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
};

const dot = (row: Colour, [r, g, b]: Colour) => row[0] * r + row[1] * g + row[2] * b;
const seen = (colour: Colour, eye: Colour[]) =>
  eye.map((row) => Math.min(1, Math.max(0, dot(row, colour)))) as Colour;

function lab(colour: Colour): Colour {
  const f = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116);
  const x = f(dot([0.4124564, 0.3575761, 0.1804375], colour) / 0.95047);
  const y = f(dot([0.2126729, 0.7151522, 0.072175], colour));
  const z = f(dot([0.0193339, 0.119192, 0.9503041], colour) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const distance = (a: Colour, b: Colour) => Math.hypot(...lab(a).map((value, at) => value - (lab(b)[at] ?? 0)));

const FILLS = ['emergency', 'urgent', 'high', 'low', 'fault', 'normal'];

test('the words on each fill have the contrast that was computed for them', () => {
  const expected = { emergency: 5.88, urgent: 6.98, high: 14.67, low: 9.1, fault: 9.39, normal: 4.83 };
  for (const [name, ratio] of Object.entries(expected)) {
    const found = contrast(token(name), token(`${name}-ink`));
    assert.ok(Math.abs(found - ratio) < 0.01, `${name}: ${found.toFixed(2)} instead of ${ratio}`);
  }
});

test('no two fills are confused by normal or colour-blind eyes', () => {
  for (const [eye, matrix] of Object.entries(EYES)) {
    for (const a of FILLS) {
      for (const b of FILLS.slice(FILLS.indexOf(a) + 1)) {
        const found = distance(seen(token(a), matrix), seen(token(b), matrix));
        assert.ok(found >= 26.5, `${a} and ${b} are ${found.toFixed(1)} apart for ${eye}`);
      }
    }
  }
});

for (const [theme, of] of [['light', lightCss], ['dark', darkCss]] as const) {
  test(`text, lines and outlines stand out in the ${theme} theme`, () => {
    for (const ground of ['page', 'surface']) {
      assert.ok(contrast(token('ink', of), token(ground, of)) >= 7, `ink on ${ground}`);
      assert.ok(contrast(token('muted', of), token(ground, of)) >= 4.5, `muted on ${ground}`);
      assert.ok(contrast(token('line', of), token(ground, of)) >= 3, `line on ${ground}`);
      assert.ok(contrast(token('outline', of), token(ground, of)) >= 3, `outline on ${ground}`);
    }
    assert.ok(contrast(token('button', of), token('button-ink', of)) >= 7, 'button');
  });
}
