import { describe, expect, test } from 'vitest';
import { cardNews } from '../../../../channels/terminal/card-news.ts';
import { makeButton, makeCard } from '../../../fixtures/cards.ts';

const moves = (...labels: string[]) => labels.map((label, at) => ({ at, label }));

describe('cardNews', () => {
  test('tells every move that a coalesced edit brings, in order', () => {
    const before = makeCard({ timeline: moves('PENDING') });
    const after = makeCard({ timeline: moves('PENDING', 'CREATING', 'RUNNING') });

    expect(cardNews(before, after).moves).toEqual(['CREATING', 'RUNNING']);
  });

  test('tells only what is new when the oldest moves fell off a long timeline', () => {
    const all = moves('A', 'B', 'C', 'D', 'E');

    const news = cardNews(makeCard({ timeline: all.slice(0, 3) }), makeCard({ timeline: all.slice(2) }));

    expect(news.moves).toEqual(['D', 'E']);
  });

  test('adds a state that says more than the last move', () => {
    const before = makeCard({ state: { label: 'running', tone: 'progress' }, timeline: moves('EXECUTING') });
    const after = makeCard({
      state: { label: 'done, exit code 0', tone: 'success' },
      timeline: moves('EXECUTING', 'COMPLETED'),
    });

    expect(cardNews(before, after).moves).toEqual(['COMPLETED - done, exit code 0']);
  });

  test('does not repeat a state that the last move names', () => {
    const before = makeCard({ state: { label: 'RUNNING', tone: 'success' }, timeline: moves('RUNNING') });
    const after = makeCard({
      state: { label: 'STOPPED', tone: 'neutral' },
      timeline: moves('RUNNING', 'STOPPED: asked by alice'),
    });

    expect(cardNews(before, after).moves).toEqual(['STOPPED: asked by alice']);
  });

  test('tells changed fields only when the state changed', () => {
    const before = makeCard({
      state: { label: 'RUNNING', tone: 'success' },
      fields: [{ label: 'memory', value: '1' }],
    });
    const grown = { ...before, fields: [{ label: 'memory', value: '2' }] };

    expect(cardNews(before, grown).fields).toEqual([]);
    expect(cardNews(before, { ...grown, state: { label: 'STOPPED', tone: 'neutral' } }).fields).toEqual([
      { label: 'memory', value: '2' },
    ]);
  });

  test('notices other buttons, another subject and another hash', () => {
    const before = makeCard({ buttons: [makeButton()] });

    expect(cardNews(before, before).buttonsChanged).toBe(false);
    expect(cardNews(before, makeCard({ buttons: [makeButton({ hash: 'x' })] })).buttonsChanged).toBe(true);
    expect(cardNews(before, makeCard()).buttonsChanged).toBe(true);
  });
});
