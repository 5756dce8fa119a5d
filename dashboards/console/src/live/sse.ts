// SPDX-License-Identifier: Apache-2.0
// Server-sent events from bytes. The browser's own EventSource hides the comments that keep the line alive, and
// those are what tells a quiet house from a dead line.

export interface SseMessage {
  event: string;
  id: string | null;
  data: string;
}

export class SseReader {
  private rest = '';

  /** Take a piece of text; return the messages that are whole now. Comments are not messages. */
  push(text: string): SseMessage[] {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.map(readBlock).filter((message) => message !== null);
  }
}

function readBlock(block: string): SseMessage | null {
  const message: SseMessage = { event: 'message', id: null, data: '' };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (line.startsWith('event:')) message.event = value;
    else if (line.startsWith('id:')) message.id = value;
    else if (line.startsWith('data:')) message.data += value;
  }
  return message.data === '' ? null : message;
}
