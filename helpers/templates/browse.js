// Rows that are packed into this page and drawn a screen at a time; nothing is asked of any machine.
const EACH = 25, SIGNS = /^'*[=+\-@\t\r]/;
const find = name => document.getElementById(name);
const say = (number, noun) => `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;

function make(tag, told = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), told);
  for (const name of ['aria-label', 'aria-sort', 'scope', 'data-label'])
    if (name in told) made.setAttribute(name, told[name]);
  made.append(...inside.filter(one => one !== null && one !== undefined && one !== ''));
  return made;
}

// Places count whole signs, of which some take two units of a text here.
const cut = (text, ...between) => [...text].slice(...between).join('');

async function unpack() {
  const bytes = Uint8Array.from(atob(find('packed').textContent), sign => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).json();
}

// Passages: [context, where the words begin in it, where they end, what is said of the place].
function passage([context, start, end, where], contexts) {
  return make('p', {className: 'passage'}, cut(contexts[context], 0, start),
    make('mark', {}, cut(contexts[context], start, end)), cut(contexts[context], end), make('small', {}, where));
}

function pager(count, draw, each) {
  let page = 0;
  const status = make('span', {role: 'status', className: 'where'});
  const back = make('button', {type: 'button', onclick: () => go(page - 1)}, '← Previous');
  const on = make('button', {type: 'button', onclick: () => go(page + 1)}, 'Next →');
  const go = wanted => {
    const last = Math.max(0, Math.ceil(count() / each) - 1);
    page = Math.min(Math.max(wanted, 0), last);
    const first = page * each, end = Math.min(first + each, count());
    [back.disabled, on.disabled] = [page === 0, page === last];
    status.textContent = count() ? `${first + 1} to ${end} of ${count().toLocaleString('en')}` : 'none';
    draw(first, end);
  };
  return {bar: make('div', {className: 'pager'}, back, status, on), go};
}

// ------------------------------------------------------------- a list to sort, search and filter

function browse({columns, rows, contexts}) {
  const opens = columns.findIndex(column => column.kind === 'opens');
  for (const {cells, at: [context, start, end]} of rows) cells[opens] = cut(contexts[context], start, end);
  const shown = columns.map((_, at) => at).filter(at => columns[at].shown);
  const chosen = new Map();
  const lower = rows.map(row => row.cells.join('\n').toLowerCase() + '\n' + contexts[row.at[0]].toLowerCase());
  let found = rows.map((_, at) => at), sorted = -1, turned = 1, words = [];

  const body = make('tbody'), heads = shown.map(at => {
    const button = make('button', {type: 'button', onclick: () => sort(at)}, columns[at].words);
    return make('th', {scope: 'col', 'aria-sort': 'none', className: columns[at].kind}, button);
  });
  const draw = (first, end) => body.replaceChildren(...found.slice(first, end).map(line));
  const pages = pager(() => found.length, draw, EACH);

  function line(at) {
    const {cells, at: place} = rows[at];
    return make('tr', {}, ...shown.map(column => {
      const told = {'data-label': columns[column].words, className: columns[column].kind};
      if (columns[column].kind !== 'opens') return make('td', told, cells[column]);
      const inside = make('div');
      const opened = make('details', {}, make('summary', {}, cells[column]), inside);
      opened.ontoggle = () => opened.open && inside.replaceChildren(passage(place, contexts), list(cells));
      return make('td', told, opened);
    }));
  }
  function list(cells) {
    const held = columns.flatMap((column, at) => !cells[at] || column.kind === 'opens' ? [] : [
      make('dt', {}, column.words), make('dd', {}, cells[at])]);
    return make('dl', {}, ...held);
  }
  function choose() {
    const fits = at => words.every(word => lower[at].includes(word))
      && [...chosen].every(([column, value]) => rows[at].cells[column] === value);
    found = rows.map((_, at) => at).filter(fits);
    if (sorted >= 0) order();
    pages.go(0);
  }
  function order() {
    const key = columns[sorted].kind === 'number' || columns[sorted].kind === 'day' ? 'keys' : 'cells';
    const value = at => rows[at][key][sorted] ?? '';
    const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b
      : String(a).localeCompare(String(b), 'en', {numeric: true});
    found.sort((a, b) => (value(a) === '') - (value(b) === '') || turned * compare(value(a), value(b)) || a - b);
  }
  function sort(at) {
    [sorted, turned] = [at, sorted === at ? -turned : 1];
    heads.forEach((head, place) => head.setAttribute('aria-sort',
      shown[place] !== at ? 'none' : turned > 0 ? 'ascending' : 'descending'));
    order();
    pages.go(0);
  }
  function save() {
    const cell = value => `"${(SIGNS.test(value) && isNaN(value) ? "'" : '') + value.replaceAll('"', '""')}"`;
    const lines = [columns.map(one => one.name), ...found.map(at => rows[at].cells)];
    const text = '\ufeff' + lines.map(one => one.map(cell).join(',')).join('\n') + '\n';
    const link = make('a', {href: URL.createObjectURL(new Blob([text], {type: 'text/csv'})), download: 'chosen.csv'});
    link.click();
    URL.revokeObjectURL(link.href);
  }

  const search = make('input', {type: 'search', id: 'search', oninput: () => {
    words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    choose();
  }});
  const filters = columns.flatMap((column, at) => {
    const values = [...new Set(rows.map(row => row.cells[at]))].filter(Boolean).sort();
    if (!column.filter || values.length < 2) return [];
    const select = make('select', {onchange: () => {
      select.value ? chosen.set(at, select.value) : chosen.delete(at);
      choose();
    }}, make('option', {value: ''}, 'all'), ...values.map(value => make('option', {value}, value)));
    return [make('label', {}, column.words, select)];
  });
  find('rows').replaceChildren(
    make('div', {className: 'asked'}, make('label', {className: 'search'}, 'Search', search), ...filters,
      make('button', {type: 'button', onclick: save}, 'Save these as CSV')),
    pages.bar, make('table', {}, make('thead', {}, make('tr', {}, ...heads)), body));
  choose();
}

// ------------------------------------------------------- all rows behind each number of a report

function open({numbers, places, contexts}) {
  for (const [name, behind] of Object.entries(numbers)) {
    const number = find(name), inside = number && number.querySelector('.passages');
    if (!inside) continue;
    number.ontoggle = () => {
      number.ontoggle = null;
      const body = make('div');
      const pages = pager(() => behind.length,
        (first, end) => body.replaceChildren(...behind.slice(first, end).map(at => passage(places[at], contexts))), EACH);
      inside.replaceChildren(pages.bar, body);
      pages.go(0);
    };
    if (number.open) number.ontoggle();
  }
  const wanted = find(decodeURIComponent(location.hash.slice(1)));
  if (wanted && wanted.tagName === 'DETAILS') wanted.open = true;
}

unpack().then(packed => (packed.numbers ? open : browse)(packed));
