// SPDX-License-Identifier: Apache-2.0
import { vocabulary } from '../../words';
import en from './en.json';
import zh from './zh-CN.json';

export const { t: handoverWord } = vocabulary<keyof typeof en & keyof typeof zh>(zh, en);
