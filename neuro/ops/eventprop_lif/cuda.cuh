// Event-driven neurons on a grid of steps and their adjoint; arrays over time are [steps, batch,
// neurons]. A thread owns one neuron of one sample, so that nobody else adds to what it hears.
//
// Beside the macros of _common.cuh, whose REAL and STATE are one type here: PART, 0 eventprop_run,
// 1 eventprop_held, 2 eventprop_back, 3 eventprop_synapses, 4 eventprop_times; and for the first
// three LOOP, FIRES, KEEPS and DECAYS (0 or 1).

// What the rest of a step does with a neuron, in `slot`, beside the place of its spike.
constexpr int FREE = -1, HELD = -2;

#if PART == 0

// Steps from `first` to `stop`: deliver the events of a step, and with LOOP the spikes of the step
// before, then run the neurons. `current` holds what arrives and becomes the current; with KEEPS
// `before` becomes the potential before each step, without FIRES `fired` that after it.
extern "C" __global__ void __launch_bounds__(128)
    eventprop_run(const int *__restrict__ who, const long long *__restrict__ edges,
                  const state *__restrict__ weight, const int *__restrict__ delay,
                  const state *__restrict__ heard, const int *__restrict__ lag,
                  const state *__restrict__ a, const state *__restrict__ d,
                  const state *__restrict__ threshold, const int *__restrict__ hold,
                  state *__restrict__ i, state *__restrict__ v, int *__restrict__ left,
                  state *__restrict__ current, state *__restrict__ fired,
                  state *__restrict__ before, long long steps, long long neurons, long long cells,
                  long long first, long long stop) {
  const long long cell = my_first();
  if (cell >= cells) return;
  const long long b = cell / neurons, n = cell % neurons;
  state i_n = i[cell], v_n = v[cell];
  int wait = left[cell];
  for (long long t = first; t < stop; ++t) {
    for (long long k = edges[b * steps + t]; k < edges[b * steps + t + 1]; ++k) {
      const long long synapse = who[k] * neurons + n, arrival = t + delay[synapse];
      if (arrival < steps) current[arrival * cells + cell] += weight[synapse];
    }
    if (LOOP && t > 0) {
      const state *spikes = fired + (t - 1) * cells + b * neurons;
      for (long long m = 0; m < neurons; ++m) {
        if (spikes[m] == state(0)) continue;
        const long long synapse = m * neurons + n, arrival = t - 1 + lag[synapse];
        if (arrival < steps) current[arrival * cells + cell] += heard[synapse];
      }
    }
    const long long at = t * cells + cell;
    i_n = a[n] * i_n + current[at];
    current[at] = i_n;
    if (KEEPS) before[at] = v_n;
    const bool held = wait > 0;
    const state h = held ? v_n : d[n] * v_n + (state(1) - d[n]) * i_n;
    const bool spike = FIRES && h >= threshold[n] && !held;
    wait = spike ? hold[n] : wait > 0 ? wait - 1 : 0;
    v_n = spike ? state(0) : h;
    fired[at] = FIRES ? (spike ? state(1) : state(0)) : h;
  }
  i[cell] = i_n;
  v[cell] = v_n;
  left[cell] = wait;
}

#elif PART == 1

// Mark in `slot` the steps in which a neuron holds still.
extern "C" __global__ void __launch_bounds__(128)
    eventprop_held(int *__restrict__ slot, const int *__restrict__ hold, long long steps,
                   long long neurons, long long cells) {
  const long long cell = my_first();
  if (cell >= cells) return;
  int wait = 0;
  for (long long t = 0; t < steps; ++t) {
    const long long at = t * cells + cell;
    if (slot[at] >= 0) {
      wait = hold[cell % neurons];
    } else if (wait > 0) {
      slot[at] = HELD;
      --wait;
    }
  }
}

#elif PART == 2

// Back from step `stop` - 1 to `first`: fill the costate p_i and what an arrival pulls at its time.
// g, now and then are of the spikes [batch, room]; without FIRES g is of the potentials. With LOOP
// weight_back and lag have a row for every neuron that hears.
extern "C" __global__ void __launch_bounds__(128)
    eventprop_back(const state *__restrict__ g, const int *__restrict__ slot,
                   const state *__restrict__ now, const state *__restrict__ then,
                   const state *__restrict__ weight_back, const int *__restrict__ lag,
                   const state *__restrict__ a, const state *__restrict__ d,
                   const state *__restrict__ rate_i, const state *__restrict__ rate_v,
                   const state *__restrict__ threshold, const state *__restrict__ least,
                   const state *__restrict__ current, const state *__restrict__ before,
                   state *__restrict__ carry, state *__restrict__ later, state *__restrict__ p_i,
                   state *__restrict__ pull, state *__restrict__ g_rows, long long steps,
                   long long neurons, long long cells, long long room, long long first,
                   long long stop) {
  const long long cell = my_first();
  if (cell >= cells) return;
  const long long b = cell / neurons, n = cell % neurons;
  state c = carry[cell], p = later[cell];
  // of the decays d and a, threshold and refractory steps
  state g_d = 0, g_a = 0, g_threshold = 0, g_refractory = 0;
  for (long long t = stop - 1; t >= first; --t) {
    const long long at = t * cells + cell;
    const int k = FIRES ? slot[at] : FREE;
    state q = k == HELD ? state(0) : FIRES ? c : c + g[at];
    if (FIRES && k >= 0) {
      state by_time = g[b * room + k];
      if (LOOP) {
        for (long long m = 0; m < neurons; ++m) {
          const long long synapse = m * neurons + n, arrival = t + lag[synapse];
          if (arrival < steps)
            by_time += weight_back[synapse] * pull[arrival * cells + b * neurons + m];
        }
      }
      const state i_now = now[b * room + k], i_then = then[b * room + k];
      const state above = i_now - threshold[n];
      q = (i_then * c - by_time / rate_v[n]) / (above > least[n] ? above : least[n]);
      g_threshold -= q;
      g_refractory -= i_then * rate_v[n] * c;
    }
    p = a[n] * p + (state(1) - d[n]) * q;
    p_i[at] = p;
    pull[at] = p * rate_i[n] - q * rate_v[n];
    if (k != HELD) c = d[n] * q;
    if (DECAYS) {
      if (k != HELD) g_d += q * (before[at] - current[at]);
      if (t > 0) g_a += p * current[at - cells];
    }
  }
  carry[cell] = c;
  later[cell] = p;
  g_rows[cell] += g_d;
  g_rows[cells + cell] += g_a;
  g_rows[2 * cells + cell] += g_threshold;
  g_rows[3 * cells + cell] += g_refractory;
}

#elif PART == 3

// Read the costates where the spikes of a source arrive: a thread sums for one synapse.
extern "C" __global__ void __launch_bounds__(128)
    eventprop_synapses(const int *__restrict__ when, const long long *__restrict__ edges,
                       const state *__restrict__ weight, const int *__restrict__ delay,
                       const state *__restrict__ p_i, const state *__restrict__ pull,
                       state *__restrict__ g_weight, state *__restrict__ g_delay, long long steps,
                       long long batch, long long sources, long long neurons) {
  const long long synapse = my_first();
  if (synapse >= sources * neurons) return;
  const long long i = synapse / neurons, n = synapse % neurons;
  const int late = delay[synapse];
  state of_weight = 0, of_delay = 0;
  for (long long b = 0; b < batch; ++b) {
    for (long long k = edges[b * sources + i]; k < edges[b * sources + i + 1]; ++k) {
      const long long arrival = when[k] + late;
      if (arrival >= steps) break;
      const long long at = (arrival * batch + b) * neurons + n;
      of_weight += p_i[at];
      of_delay += pull[at];
    }
  }
  g_weight[synapse] = of_weight;
  g_delay[synapse] = weight[synapse] * of_delay;
}

#else

// Sum what an event pulls at its time over all neurons that hear it: a thread for one event.
extern "C" __global__ void __launch_bounds__(128)
    eventprop_times(const int *__restrict__ when, const int *__restrict__ who,
                    const int *__restrict__ sample, const state *__restrict__ weight,
                    const int *__restrict__ delay, const state *__restrict__ pull,
                    state *__restrict__ g_times, long long steps, long long batch,
                    long long neurons, long long events) {
  const long long k = my_first();
  if (k >= events) return;
  state sum = 0;
  for (long long n = 0; n < neurons; ++n) {
    const long long synapse = who[k] * neurons + n, arrival = when[k] + delay[synapse];
    if (arrival < steps)
      sum += weight[synapse] * pull[(arrival * batch + sample[k]) * neurons + n];
  }
  g_times[k] = sum;
}

#endif
