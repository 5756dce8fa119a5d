// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { App } from './app';
import './look/tokens.css';
import './look/app.css';
import './look/print.css';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
