// Where a value stands on an axis, and which values get a tick.

const STEPS = [1, 2, 5];

const linearTicks = (low, high, wanted) => {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [...STEPS, 10].map((s) => s * power).find((s) => s >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
};

// One, two and five of each power of ten; all digits where the axis is short, powers where it is long.
const logTicks = (low, high, wanted) => {
  const ticks = (steps) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1)
      found.push(...steps.map((s) => Number((s * 10 ** power).toPrecision(12))));
    return found.filter((t) => t >= low && t <= high);
  };
  const kinds = [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5, 7], STEPS, [1, 3], [1]].map(ticks);
  return kinds.find((t) => t.length <= wanted) ?? kinds.at(-1).filter((_, k, all) => k % Math.ceil(all.length / wanted) === 0);
};

const scaleOf = ({ low, high, from, to, log }) => {
  const put = log ? Math.log : (v) => v;
  const [start, end] = [put(low), put(high)];
  const at = (value) => from + ((put(value) - start) / (end - start || 1)) * (to - from);
  return { at, ticks: (wanted) => (log ? logTicks : linearTicks)(low, high, wanted) };
};

// The span of the values on an axis, with some air; around the front where that says more.
const spanOf = (axis, values, frontValues, near) => {
  const some = values.filter((v) => v != null);
  let [low, high] = [Math.min(...some), Math.max(...some)];
  const front = frontValues.filter((v) => v != null);
  if (near && axis.better && !axis.log && front.length) {
    const [least, most] = [Math.min(...front), Math.max(...front)];
    const reach = Math.max(0.5 * (most - least), axis.form === "score" ? 0.02 : 0);
    if (axis.better === "maximize") low = Math.max(low, least - reach);
    else high = Math.min(high, most + reach);
  }
  if (axis.log) {
    const air = Math.max((high / low) ** 0.03, 1.02);
    return { low: low / air, high: high * air };
  }
  const air = 0.04 * (high - low) || 0.05 * Math.abs(high) || 1;
  return { low: low - air, high: high + air };
};
