# SPDX-License-Identifier: GPL-2.0
"""The benchmark's part: three kernels beside each other, the goals, the charts."""

import re
from statistics import median

import views

KERNELS = ('base', 'patched', 'rival')
CONTEXTS = {'task': 'From a task', 'irqsoff': 'Interrupts off', 'irqsoff_traced': 'Interrupts off, traced program', 'nmi': 'From NMI'}
OPS = {'timer_start': 'start', 'timer_start_idle': 'start, idle', 'timer_start_first': 'start, first', 'timer_cancel': 'cancel', 'timer_cancel_async': 'cancel_async',
       'timer_set_callback': 'set_callback', 'timer_set_callback_same': 'set_callback,\nthe same', 'timer_cycle': 'start + cancel\n+ set_callback',
       'timer_init': 'init', 'timer_delete': 'delete', 'wq_start': 'wq start', 'wq_set_callback': 'wq set_callback', 'wq_init': 'wq init',
       'wq_delete': 'wq delete', 'delete_empty': 'delete, without\na timer'}


class Bench:
    def __init__(self, result):
        self.result = result
        self.kernels = {k: v.get('label') or k for k, v in result.get('kernels', {}).items()}
        self.floors = result.get('floors', {}) # what any implementation of an operation has to call
        self.cost = {(r['kernel'], r['op'], r['ctx']): r for r in result.get('cost', []) if r.get('objects', 1) == 1}

    def total(self, kernel, op, ctx):
        row = self.cost.get((kernel, op, ctx))
        return row['call'] + row['after'] if row and row['state'] == 'ok' else None

    def floor(self, kernel, op, ctx):
        """The bare calls below the operation, through a bare irq_work where nothing else will do."""
        deferred = ctx in ('irqsoff_traced', 'nmi') or (op == 'wq_start' and ctx != 'task')
        way = 'floor_irq_work_' if deferred else 'floor_'
        parts = [self.total(kernel, way + name, ctx) for name in self.floors.get(op, ())]
        return sum(parts) if parts and None not in parts else None

    def above(self, kernel, op, ctx):
        """All of it, if there is nothing below; nothing, if what is below was not measured."""
        total, floor = self.total(kernel, op, ctx), self.floor(kernel, op, ctx)
        return total if op not in self.floors else None if None in (total, floor) else total - floor

    def cell(self, kernel, op, ctx):
        """What a bar shows, or the words in its place."""
        row = self.cost.get((kernel, op, ctx))
        state = self.result['kernels'].get(kernel, {}).get('outcome', 'missing')
        if row is None:
            return {'why': 'not measured' if state == 'pass' else KERNEL_WORDS.get(state, state)}
        if row['state'] != 'ok':
            return {'why': 'refused: ' + row.get('why', '')}
        return {'call': row['call'], 'after': row['after'], 'floor': self.floor(kernel, op, ctx), 'above': self.above(kernel, op, ctx),
                **{k: row[k] for k in ('ipis', 'locked', 'barriers') if row.get(k) is not None}}

    def throughput(self, bench, sharing, producers):
        """{kernel: row} of one point, what was refused left out."""
        return {r['kernel']: r for r in self.result.get('throughput', [])
                if (r['bench'], r['sharing'], r['producers'], r['state'], r.get('ctx', 'task'), r.get('accel')) == (bench, sharing, producers, 'ok', 'task', 'tcg')}


KERNEL_WORDS = {'panic': 'kernel panicked', 'report': 'kernel reported a bug', 'hang': 'guest hung', 'timeout': 'guest hung', 'vanished': 'guest vanished',
                'missing': 'not run', 'interrupted': 'interrupted', 'fail': 'guest failed'}


def mixed(result):
    """Why the kernels of this result must not stand beside each other, or nothing."""
    kernels = result.get('kernels', {})
    unknown = {r.get('kernel') for rows in result.values() if isinstance(rows, list) for r in rows if isinstance(r, dict) and 'kernel' in r} - set(kernels)
    if unknown:
        return f'it has figures of kernels that it does not describe: {", ".join(map(str, sorted(unknown, key=str)))}'
    for field, what in (('compiler', 'compilers'), ('config_sha256', 'configurations')):
        # a version that lacks an option is named instead: see figures()
        values = {k: v[field] for k, v in kernels.items() if v.get(field) and not (field == 'config_sha256' and v.get('config_lacks'))}
        if len(set(values.values())) > 1:
            return f'its kernels have different {what}, so it compares nothing: ' + '; '.join(f'{kernels[k].get("label", k)}: {v[:40]}' for k, v in values.items())
    binaries = [v['sha256'] for v in kernels.values() if v.get('sha256')]
    if len(set(binaries)) < len(binaries):
        return 'two of its kernels are one and the same binary'
    return ''


# The goals that the tiles show: what the goals' names begin with, and their end; what it is; of which the figures; unit
TILES = (('NMI: timer_start', 'above the floor, against the rival', 'Start from NMI until armed, above the floor, against {rival}', 'above', 'instructions above the floor'),
         ('NMI: timer_start', "the caller's part, against the rival", 'The caller’s part of it, inside the NMI, against {rival}', 'call', 'instructions in the NMI'),
         ('task: ', 'total, against the base', 'The operation that fares worst from a task, against {base}', 'total', 'instructions in all'),
         ('task: ', 'above the floor, against the rival', 'The operation that fares worst from a task, above the floor, against {rival}', 'above', 'instructions above the floor'),
         ('pressure: ', '', 'Starts that failed under memory pressure', 'failed', 'failed starts'),
         ('memory: ', '', 'Bytes that queued commands take', 'bytes', 'bytes in the slab'),
         ('4 producers, one object: calls', 'against the base', 'Calls that returned, 4 producers on one object, against {base}', 'calls', 'calls a second, median'),
         ('4 producers, one object: commands', 'against the base', 'Commands applied, 4 producers on one object, against {base}', 'applied', 'commands a second, median'),
         ('4 producers, one object: commands', 'against the rival', 'Commands applied, 4 producers on one object, against {rival}', 'applied', 'commands a second, median'))


def headlines(b):
    """A tile for each kind of goal, with the one that is met least. Value and verdict are the benchmark's own."""
    out = []
    for begin, end, title, figure, what in TILES:
        goals = [g for g in b.result.get('goals', []) if g['name'].startswith(begin) and g['name'].endswith(end)]
        if not goals:
            continue
        more = figure in ('applied', 'calls')
        # of equals the last: the most commands, the hardest pressure
        worst = max(reversed(goals), key=lambda g: (g['met'] is False, g['met'] is None, (g['value'] or 0) * (-1 if more else 1)))
        value, limit, unit = worst['value'], worst['limit'], '' if figure in ('failed', 'bytes') else '×'
        state = 'unknown' if worst['met'] is None else 'met' if worst['met'] else 'near' if worst.get('within_hard') else 'missed'
        sign = '≥ ' if more else '≤ ' if limit else ''
        values = tile_values(b, figure, worst['name'])
        place = re.search(r'pressure: (\w+),|while (\d+ commands) are queued', worst['name'])
        subject = next((n for n in place.groups() if n), '').replace('_', ' ') if place else next((label.replace('\n', ' ') for op, label in OPS.items() if f': {op},' in worst['name'] or f': {op} ' in worst['name']), '')
        out.append({'title': title.format(base=b.kernels.get('base', 'the base'), rival=b.kernels.get('rival', 'the rival')),
                    'value': value, 'shown': '–' if value is None else f'{value:.2f}' if unit else f'{value:,.0f}', 'unit': unit if value is not None else '',
                    'state': state, 'goal': f'{sign}{limit:g}' + (f", at {'least' if more else 'most'} {worst['hard']:g}" if worst.get('hard') else ''),
                    'what': f'{subject}: {what}' if subject else what, 'why': worst['text'] if value is None else '', 'name': worst['name'], 'values': values,
                    'most': max([v for v in values.values() if not isinstance(v, str)], default=0)})
    return out


def tile_values(b, figure, name):
    """What the goal's figure is made of, for each kernel: a number, or a word."""
    if figure in ('applied', 'calls'):
        return {k: median(r[figure]) for k, r in b.throughput('async-timer-start', 'shared', 4).items() if r.get(figure)}
    if figure in ('failed', 'bytes'):
        rows = [r for r in b.result.get('pressure' if figure == 'failed' else 'memory', [])
                if (f"pressure: {r['name']}," in name if figure == 'failed' else f"while {r['n']} " in name and r.get('kind') == 'queued')]
        return {r['kernel']: r[figure] if r['state'] == 'ok' else f"{r['state']}: {r.get('why', '')}" for r in rows}
    op, ctx = next(op for op in sorted(OPS, key=len, reverse=True) if f': {op}' in name), 'nmi' if name.startswith('NMI') else 'task'
    cells = {k: b.cell(k, op, ctx) for k in b.kernels}
    return {k: c['why'] if 'call' not in c else {'call': c['call'], 'total': c['call'] + c['after'], 'above': c['above']}[figure] for k, c in cells.items()}


def view(report):
    part = report.newest('bench', 'the benchmark')
    if 'result' not in part:
        return part
    why = mixed(part['result'])
    if why:
        return views.wrong(report, part, 'bench', why)
    try:
        return figures(report, {**part}, part['result'])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return views.wrong(report, part, 'bench', f'its rows are not in the form that this report reads ({type(error).__name__}: {error})')


def figures(report, part, result):
    del part['result']
    b = Bench(result)
    for kernel in KERNELS:
        info = result['kernels'].get(kernel)
        if info is None or info.get('outcome', 'pass') != 'pass':
            state = (info or {}).get('outcome', 'missing')
            why = f"{KERNEL_WORDS.get(state, state)}{': ' + info['why'] if info and info.get('why') else ''}"
            report.hole('bench', f'the benchmark on {b.kernels.get(kernel, kernel)}', why)
            part.setdefault('bad_kernels', []).append({'label': b.kernels.get(kernel, kernel), 'why': why})
        elif info.get('config_lacks'):
            why = f"its configuration lacks {', '.join(info['config_lacks'])}, which the others have"
            report.hole('bench', f"the benchmark's configuration of {b.kernels[kernel]}", why)
            part.setdefault('bad_kernels', []).append({'label': b.kernels[kernel], 'why': why})
    memory, pressure = result.get('memory', []), result.get('pressure', [])
    queued = [r for r in memory if r.get('kind') == 'queued']
    part.update(
        kernels=b.kernels, info=result['kernels'], headlines=headlines(b), goals=result.get('goals', []),
        cost={ctx: [{'op': op, 'label': label.replace('\n', ' '), 'cells': {k: b.cell(k, op, ctx) for k in b.kernels}} for op, label in OPS.items()
                    if any((k, op, ctx) in b.cost for k in b.kernels)] for ctx in CONTEXTS},
        latency=result.get('latency', []), throughput=result.get('throughput', []), not_run=result.get('not_run', []),
        queued=table(queued, lambda r: f"{r['n']:,} commands", 'bytes'),
        sizes=table([r for r in memory if r.get('kind') != 'queued'], lambda r: r['name'] + (', one object in its slab' if r['kind'] == 'object' else ''), 'bytes'),
        pressure=table(pressure, lambda r: r['name'].replace('_', ' '), 'failed', 'starts'), waiting=queued,
        probes=table(result.get('probes', []), lambda r: r['name'].replace('_', ' '), 'result'))
    sections = {'cost': ('cost',), 'latency': ('latency',), 'scaling': ('throughput',), 'memory': ('memory', 'pressure'), 'semantics': ('probes',)}
    part['guests'] = {section: sorted({r['run'] for key in keys for r in result.get(key, []) if r.get('run')}) for section, keys in sections.items()}
    part['cost'] = {ctx: rows for ctx, rows in part['cost'].items() if rows}
    for what, rows in (('cost of the operations', part['cost']), ('latency', part['latency']), ('throughput', part['throughput']),
                       ('memory', part['queued']), ('memory pressure', part['pressure']), ('semantics', part['probes'])):
        if not rows:
            report.hole('bench', what, f"the newest run, {part['run']}, has no such figures")
    unsteady = [f"{b.kernels[r['kernel']]}: {r['op']}, {r['ctx']}" for r in result['cost'] if r.get('repeats') is False and r.get('objects', 1) == 1]
    if unsteady:
        report.note(f"{part['run']}: instruction counts that did not repeat within 1 %: {'; '.join(unsteady)}.")
    for row in result.get('not_run', []):
        report.hole('bench', row['what'], row['why'])
    for goal in part['goals']:
        if goal['met'] is False and not goal.get('within_hard'):
            report.failures.append({'part': 'bench', 'where': f"goal, {goal['name']}", 'why': f"{goal['value']}, wanted {goal['limit']} ({goal['text']})", 'command': part['command']})
    if not part['goals']:
        report.hole('bench', 'goals', f"the newest run, {part['run']}, has none")
    return part


def table(rows, name, field, of=None):
    """Rows of a kernel each as rows that have a cell for each kernel."""
    out = {}
    for row in rows:
        out.setdefault(name(row), {})[row['kernel']] = (f"{row['state']}: {row.get('why', '')}" if row.get('state', 'ok') != 'ok' else
            (f'{row[field]:,}' if isinstance(row[field], (int, float)) else row[field]) + (f' of {row[of]:,}' if of else '')
            + (f" ({row['errno']})" if row.get('errno') and row[field] else ''))
    return [{'name': key, 'cells': cells} for key, cells in out.items()]


def scaling_lines(part, key):
    """Multiples of the base kernel with one producer, where it was measured; medians with the least and the most."""
    rows = [r for r in part['throughput'] if point(r) == key and r['state'] == 'ok' and r.get('applied')]
    for kernel in KERNELS:
        unit = next((median(r['applied']) for r in rows if r['kernel'] == kernel and r['producers'] == 1), None)
        if unit:
            break
    else:
        return {}, ''
    lines = {k: sorted((r['producers'], median(r['applied']) / unit, min(r['applied']) / unit, max(r['applied']) / unit) for r in rows if r['kernel'] == k)
             for k in part['kernels']}
    return {k: v for k, v in lines.items() if v}, f"{part['kernels'][kernel]} with one producer"


def point(row):
    return row['bench'], row['sharing'], row.get('ctx', 'task'), row.get('accel') or 'tcg'


def cost_rows(part, ctx, kind):
    """Title and rows of a chart of costs; without operations that no kernel has to offer there."""
    rows = [(OPS[r['op']].removeprefix('wq '), r['cells']) for r in part['cost'].get(ctx, [])
            if r['op'].startswith(kind + '_') and any('call' in c for c in r['cells'].values())]
    return CONTEXTS[ctx], rows


def draw(part, charts):
    """The charts of the part: (section, title, SVG)."""
    names = part['kernels']
    out = []
    for kind, of in (('timer', 'timers'), ('wq', 'works')):  # apart, because a work costs several times a timer
        for ctx in part['cost']:
            title, rows = cost_rows(part, ctx, kind)
            if rows:
                refused = [r['label'].removeprefix('wq ') for r in part['cost'][ctx] if r['op'].startswith(kind + '_') and not any('call' in c for c in r['cells'].values())]
                out.append(('cost', f'{title}: {of}', charts.cost(f'cost-{ctx}-{kind}', f'{title}: {of}', rows, names),
                            f"On no kernel: {', '.join(refused)} (the table says why)." if refused else ''))
    for key in dict.fromkeys((r['what'], r['ctx'], r['to']) for r in part['latency']):
        rows = {r['kernel']: r for r in part['latency'] if (r['what'], r['ctx'], r['to']) == key}
        curves = {k: {**rows[k], 'buckets': rows[k]['hist']} for k in names if k in rows and rows[k]['state'] == 'ok' and rows[k].get('hist')}
        refused = [f"{names[k]}: {r.get('why') or r['state']}" for k, r in rows.items() if r['state'] != 'ok']
        what, ctx, to = key
        title = f"{'Timer' if what == 'timer' else 'Work item'}, {CONTEXTS.get(ctx, ctx).lower().replace('nmi', 'NMI')}: from start to {('armed' if what == 'timer' else 'queued') if to == 'armed' else 'callback'}"
        if curves:
            out.append(('latency', title, charts.latency('latency-' + '-'.join(key), title, curves, names), '; '.join(refused)))
    for key in dict.fromkeys(point(r) for r in part['throughput']):
        lines, one = scaling_lines(part, key)
        if lines:
            what, sharing, ctx, accel = key
            title = (what.removeprefix('async-').replace('-', ' ').capitalize() + (', one object' if sharing == 'shared' else ', an object for each producer')
                     + ('' if ctx == 'task' else f', {CONTEXTS.get(ctx, ctx)[0].lower()}{CONTEXTS.get(ctx, ctx)[1:]}') + ('' if accel == 'tcg' else f' ({accel.upper()})'))
            out.append(('scaling', title, charts.scaling('scaling-' + '-'.join(key), title, lines, names, one)))
    if part['waiting']:
        rows = [(n, {r['kernel']: r['bytes'] if r['state'] == 'ok' else 'refused: ' + r.get('why', '') for r in part['waiting'] if r['n'] == n})
                for n in sorted({r['n'] for r in part['waiting']})]
        out.append(('memory', 'Slab bytes while commands are queued', charts.queued('queued', 'Slab bytes while commands are queued', rows, names)))
    return [{'section': o[0], 'title': o[1], 'svg': o[2], 'note': o[3] if len(o) > 3 else ''} for o in out]
