// SPDX-License-Identifier: Apache-2.0
// The field's terms: what a point measures, what an alarm is about, how far a value is to be trusted.
import { vocabulary } from '..';
import en from './en.json';
import zh from './zh-CN.json';

const terms = vocabulary(zh, en);

export const kindWord = (kind: string): string => terms.tAny(`kind.${kind}`) ?? kind;
export const classWord = (name: string): string => terms.tAny(`class.${name}`) ?? name;
export const qualityWord = (quality: string): string => terms.tAny(`quality.${quality}`) ?? quality;
