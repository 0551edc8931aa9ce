// What a report does when it is used. The text of a script for browsers: choosing an operation, by mouse, by keyboard in a picture, or from a
// list, shows its kernel and the user's line. The page can be read without it, but for that panel, the lists, and the colours of sources.

import { tokens } from './highlight.ts';

export const behaviour = `
'use strict';
const { places, programs: data } = JSON.parse(document.getElementById('data').textContent);
const byId = (id) => document.getElementById(id);
const tokens = new RegExp(${JSON.stringify(tokens.source)}, 'g');

/** The sentence of an operation stands at the beginning of what its box says aloud. */
const sentence = (picture, index) =>
  byId(picture + '-' + index).getAttribute('aria-label').slice(0, operationsOf(picture)[index].length);
function operationsOf(picture) {
  const [, program, stage] = /^p(\\d+)-(before|after)$/.exec(picture);
  return data[program][stage];
}

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** An id such as p0-after-12 in its parts. */
function parse(id) {
  const [, program, stage, index] = /^p(\\d+)-(before|after)-(\\d+)$/.exec(id);
  return { program: Number(program), stage, index: Number(index) };
}

function choose(id, focus) {
  const { program, stage, index } = parse(id);
  const operations = data[program][stage];
  const chosen = operations[index];
  const picture = byId('p' + program + '-' + stage);
  const section = byId('p' + program);
  for (const box of section.querySelectorAll('.op[aria-pressed=true]')) box.setAttribute('aria-pressed', 'false');
  for (const box of section.querySelectorAll('.op.same')) box.classList.remove('same');
  for (const path of section.querySelectorAll('.edges .on')) path.classList.remove('on');
  byId(id).setAttribute('aria-pressed', 'true');
  for (const path of picture.querySelectorAll('.edges path'))
    if (path.dataset.edge.split(' ').includes(String(index))) path.classList.add('on');
  if (chosen.computed)
    for (const [name, list] of [['before', data[program].before], ['after', data[program].after]])
      list.forEach((o, i) => {
        if (o.computed && o.kernels.some((k) => chosen.kernels.includes(k))) byId('p' + program + '-' + name + '-' + i).classList.add('same');
      });
  walkTo(picture, id, focus);
  show(program, stage, operations, index);
}

/** Only one box of a picture is in the order of the tab key: the one that was last visited. */
function walkTo(picture, id, focus) {
  for (const box of picture.querySelectorAll('.op[tabindex="0"]')) box.setAttribute('tabindex', '-1');
  byId(id).setAttribute('tabindex', '0');
  if (focus) {
    byId(id).focus();
    byId(id).scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
}

function links(program, stage, operations, indices) {
  return indices.map((i) =>
    make('li', {}, make('button', { type: 'button', className: 'link', textContent: sentence('p' + program + '-' + stage, i), onclick: () => choose('p' + program + '-' + stage + '-' + i, true) })),
  );
}

function show(program, stage, operations, index) {
  const chosen = operations[index];
  const panel = byId('p' + program + '-panel');
  const text = sentence('p' + program + '-' + stage, index);
  const [place, call, source] = places[chosen.place] ?? ['', '', ''];
  const parts = [make('h3', {}, text)];
  const facts = make('dl', {});
  const fact = (name, ...content) => facts.append(make('dt', {}, name), make('dd', {}, ...content));
  if (place) {
    const line = source ? [make('pre', {}, make('code', { textContent: source }))] : [];
    fact('Your line', make('code', { className: 'line', textContent: place }), ' ' + call, ...line);
  }
  if (chosen.kernels.length > 0)
    fact(chosen.computed ? 'Computed by' : 'Read by', ...chosen.kernels.flatMap((k) => [make('a', { href: '#p' + program + '-k' + k }, 'k' + k + ' ' + data[program].kernels[k]), ' ']));
  if (chosen.inputs.length > 0) fact('Reads', make('ul', {}, ...links(program, stage, operations, chosen.inputs)));
  const readers = operations.flatMap((o, i) => (o.inputs.includes(index) ? [i] : []));
  if (readers.length > 0) fact('Read by', make('ul', {}, ...links(program, stage, operations, readers)));
  parts.push(facts);
  if (chosen.computed)
    for (const k of chosen.kernels) {
      const pre = byId('p' + program + '-k' + k).querySelector('pre').cloneNode(true);
      highlight(pre.querySelector('code'));
      parts.push(make('h4', {}, data[program].kernels[k]), pre);
    }
  panel.replaceChildren(...parts);
  byId('p' + program + '-said').textContent = text + (place ? ', ' + place : '');
}

/** Colours a source, once. */
function highlight(code) {
  if (code.classList.contains('coloured')) return;
  code.classList.add('coloured');
  const text = code.textContent;
  const coloured = document.createDocumentFragment();
  let at = 0;
  for (const { 0: token, index, groups } of text.matchAll(tokens)) {
    const kind = Object.keys(groups).find((name) => groups[name] !== undefined);
    if (kind === undefined) continue;
    coloured.append(text.slice(at, index), make('span', { className: kind, textContent: token }));
    at = index + token.length;
  }
  coloured.append(text.slice(at));
  code.replaceChildren(coloured);
}

/** Writes the list of a graph's operations, when it is opened. */
function list(details) {
  const picture = details.dataset.list;
  if (picture === undefined || !details.open || details.querySelector('ol') !== null) return;
  const items = operationsOf(picture).map(({ kernels, computed, place }, i) => {
    const button = make('button', { type: 'button', className: 'link', textContent: sentence(picture, i) });
    button.dataset.op = picture + '-' + i;
    return make('li', {}, button, (computed ? ' (kernel ' + kernels.join(', ') + ')' : '') + (place < 0 ? '' : ' ' + places[place][0]));
  });
  const ol = make('ol', { className: 'plain' });
  for (const item of items) ol.append(item);
  details.append(ol);
}

function keyed(event) {
  const box = event.target.closest('.op');
  if (!box) return;
  const { program, stage, index } = parse(box.id);
  const operations = data[program][stage];
  const reader = operations.findIndex((o) => o.inputs.includes(index));
  const goal = {
    ArrowLeft: index - 1, ArrowRight: index + 1, ArrowUp: operations[index].inputs[0], ArrowDown: reader,
    Home: 0, End: operations.length - 1, Enter: index, ' ': index,
  }[event.key];
  if (!(event.key === 'Enter' || event.key === ' ' || event.key === 'Home' || event.key === 'End' || event.key.startsWith('Arrow'))) return;
  event.preventDefault();
  if (operations[goal] === undefined) return;
  const id = 'p' + program + '-' + stage + '-' + goal;
  if (event.key === 'Enter' || event.key === ' ') choose(id, true);
  else walkTo(byId('p' + program + '-' + stage), id, true);
}

function zoom(picture, factor) {
  const { width, height } = picture.viewBox.baseVal;
  const frame = picture.closest('.frame');
  const now = picture.width.baseVal.value / width;
  const next = factor === 0 ? Math.min(1, (frame.clientWidth - 2) / width) : factor === 1 ? 1 : Math.min(4, Math.max(0.02, now * factor));
  picture.setAttribute('width', width * next);
  picture.setAttribute('height', height * next);
}

// a wide picture begins smaller, and with its middle in sight
for (const picture of document.querySelectorAll('.graph')) {
  const frame = picture.closest('.frame');
  const fit = frame.clientWidth / picture.viewBox.baseVal.width;
  zoom(picture, Math.min(0.999, Math.max(0.6, fit)));
  frame.scrollLeft = (frame.scrollWidth - frame.clientWidth) / 2;
}

document.addEventListener('click', (event) => {
  const box = event.target.closest('.op');
  if (box) choose(box.id, true);
  const { op, zoom: factor, of } = event.target.dataset;
  if (op) choose(op, true);
  if (factor) zoom(byId(of), Number(factor));
});
document.addEventListener('keydown', keyed);
document.addEventListener('toggle', (event) => list(event.target), true);
const inSight = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries)
    if (isIntersecting) {
      inSight.unobserve(target);
      highlight(target.querySelector('pre code'));
    }
}, { rootMargin: '400px' });
for (const article of document.querySelectorAll('article')) inSight.observe(article);
`;
