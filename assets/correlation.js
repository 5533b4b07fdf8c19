// The statistics of analytics/ once more, for tuning without a server call.
// Python is the reference; tests/browser/test_kernels.py holds the two together.
(() => {
  const PERIOD_SESSIONS = { d: 1, w: 5, m: 21 };
  const Z95 = 1.959963984540054;
  const DAY = 86400000;
  const LONGEST_STEP = 6; // days from one daily close to the next

  const observations = (window, frequency) => Math.round(window / PERIOD_SESSIONS[frequency]);
  const ewmaLambda = (window) => (window - 1) / (window + 1);

  function period(day, frequency) {
    if (frequency === "w") return Math.floor((day + 3) / 7); // 1970-01-01 was a Thursday
    const date = new Date(day * DAY);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  }

  // Whether the step from one close to the next makes a return of one period: no hole between
  // them, and no day whose move is not believed.
  function isOnePeriod(before, after, frequency, doubtful) {
    const isNear = frequency === "d"
      ? after - before <= LONGEST_STEP
      : period(after, frequency) - period(before, frequency) <= 1;
    return isNear && !doubtful.some((day) => before < day && day <= after);
  }

  // Log returns on shared sessions: {days, x, y}, each dated by its later close. With a lag, pairs
  // across a return that is left out are left out as well: they are not `lag` apart.
  function pairedReturns(first, second, frequency, lag, doubtful = []) {
    const days = [], a = [], b = [];
    for (let i = 0, j = 0; i < first.days.length && j < second.days.length; ) {
      const gap = first.days[i] - second.days[j];
      if (gap === 0) {
        const day = first.days[i];
        const n = days.length;
        const same = frequency !== "d" && n && period(days[n - 1], frequency) === period(day, frequency);
        const at = same ? n - 1 : n;
        days[at] = day;
        a[at] = Math.log(first.closes[i]);
        b[at] = Math.log(second.closes[j]);
      }
      if (gap <= 0) i++;
      if (gap >= 0) j++;
    }
    const steps = Math.abs(lag), skipX = Math.max(-lag, 0), skipY = Math.max(lag, 0);
    const kept = [], x = [], y = [];
    for (let i = 1, since = 0; i < days.length; i++) {
      since = isOnePeriod(days[i - 1], days[i], frequency, doubtful) ? since + 1 : 0;
      if (since <= steps) continue;
      const at = i - steps;
      kept.push(days[i]);
      x.push(a[at + skipX] - a[at + skipX - 1]);
      y.push(b[at + skipY] - b[at + skipY - 1]);
    }
    return { days: kept, x: Float64Array.from(x), y: Float64Array.from(y) };
  }

  // Values less their median, missing ones 0; remembered, for every move of the pointer asks again.
  const centredOf = new WeakMap();
  function centred(values) {
    if (!centredOf.has(values)) {
      const present = values.filter((v) => !Number.isNaN(v)).sort();
      const middle = present.length >> 1;
      const median = present.length % 2 ? present[middle] : (present[middle - 1] + present[middle]) / 2;
      centredOf.set(values, values.map((v) => (Number.isNaN(v) ? 0 : v - median)));
    }
    return centredOf.get(values);
  }

  // Whether the window that ends at each observation misses no pair.
  function gapFree(x, y, window) {
    const complete = new Uint8Array(x.length);
    for (let i = 0, since = 0; i < x.length; i++) {
      since = Number.isNaN(x[i]) || Number.isNaN(y[i]) ? 0 : since + 1;
      complete[i] = since >= window ? 1 : 0;
    }
    return complete;
  }

  // Moments (mean x, mean y, xx, yy, xy) of neighbouring blocks, merged (Chan et al. 1983).
  function merged(left, leftAt, nLeft, right, rightAt, nRight, count) {
    const total = Array.from({ length: 5 }, () => new Float64Array(count));
    const share = nRight / (nLeft + nRight);
    const weight = (nLeft * nRight) / (nLeft + nRight);
    for (let i = 0; i < count; i++) {
      const l = i + leftAt, r = i + rightAt;
      const dx = right[0][r] - left[0][l], dy = right[1][r] - left[1][l];
      total[0][i] = left[0][l] + dx * share;
      total[1][i] = left[1][l] + dy * share;
      total[2][i] = left[2][l] + right[2][r] + dx * dx * weight;
      total[3][i] = left[3][l] + right[3][r] + dy * dy * weight;
      total[4][i] = left[4][l] + right[4][r] + dx * dy * weight;
    }
    return total;
  }

  function pearson(x, y, window) {
    const n = x.length, result = new Float64Array(n).fill(NaN), count = n - window + 1;
    if (count < 1) return result;
    const zeros = new Float64Array(n);
    let block = [centred(x), centred(y), zeros, zeros, zeros];
    let moments = null, done = 0;
    for (let span = 1; done < window; span *= 2) {
      if (window & span) {
        moments = moments
          ? merged(moments, 0, done, block, done, span, count)
          : block.map((row) => row.slice(0, count));
        done += span;
      }
      if (done < window) block = merged(block, 0, span, block, span, span, block[0].length - span);
    }
    const complete = gapFree(x, y, window);
    for (let i = 0; i < count; i++) {
      if (!complete[i + window - 1]) continue;
      const r = moments[4][i] / Math.sqrt(moments[2][i] * moments[3][i]);
      result[i + window - 1] = Math.max(-1, Math.min(1, r));
    }
    return result;
  }

  // Ranks within a sliding window, less their mean, updated as one observation leaves for another.
  function rankTracker(values, window) {
    const ring = Float64Array.from(values.subarray(0, window));
    const ranks = new Float64Array(window);
    for (let i = 0; i < window; i++) {
      let below = 0, equal = 0;
      for (let j = 0; j < window; j++) {
        if (ring[j] < ring[i]) below++;
        else if (ring[j] === ring[i]) equal++;
      }
      ranks[i] = below + (equal - 1) / 2 - (window - 1) / 2;
    }
    const replace = (column, value) => {
      const old = ring[column];
      let below = 0, ties = 0; // a missing value is neither
      for (let j = 0; j < window; j++) {
        if (j === column) continue;
        const other = ring[j];
        if (other > old) ranks[j] -= 1;
        else if (other === old) ranks[j] -= 0.5;
        if (other > value) ranks[j] += 1;
        else if (other === value) { ranks[j] += 0.5; ties++; }
        else if (other < value) below++;
      }
      ring[column] = value;
      ranks[column] = below + ties / 2 - (window - 1) / 2;
    };
    return { ranks, replace };
  }

  function spearman(x, y, window) {
    const n = x.length, result = new Float64Array(n).fill(NaN);
    if (window > n) return result;
    const rx = rankTracker(x, window), ry = rankTracker(y, window);
    const complete = gapFree(x, y, window);
    for (let end = window - 1; end < n; end++) {
      if (end >= window) {
        rx.replace(end % window, x[end]);
        ry.replace(end % window, y[end]);
      }
      if (!complete[end]) continue;
      let xy = 0, xx = 0, yy = 0;
      for (let j = 0; j < window; j++) {
        xy += rx.ranks[j] * ry.ranks[j];
        xx += rx.ranks[j] * rx.ranks[j];
        yy += ry.ranks[j] * ry.ranks[j];
      }
      const r = xy / Math.sqrt(xx * yy);
      result[end] = Math.max(-1, Math.min(1, r));
    }
    return result;
  }

  function ewma(x, y, window) {
    const lambda = ewmaLambda(window), result = new Float64Array(x.length).fill(NaN);
    let xx = 0, yy = 0, xy = 0, seen = 0;
    for (let i = 0; i < x.length; i++) {
      if (Number.isNaN(x[i]) || Number.isNaN(y[i])) continue;
      xx = lambda * xx + x[i] * x[i];
      yy = lambda * yy + y[i] * y[i];
      xy = lambda * xy + x[i] * y[i];
      if (++seen >= window) result[i] = Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
    }
    return result;
  }

  function fisherInterval(r, n, method) {
    if (n <= 3) return [NaN, NaN];
    const reach = Z95 * Math.sqrt((method === "spearman" ? 1.06 : 1) / (n - 3));
    return [Math.tanh(Math.atanh(r) - reach), Math.tanh(Math.atanh(r) + reach)];
  }

  window.bellwether.statistics = {
    observations, ewmaLambda, pairedReturns, fisherInterval, kernels: { pearson, spearman, ewma },
  };
})();
