// Types and functions of the kernels of several operators. Macros:
//   REAL   type of inputs and outputs: float, double, __half or __nv_bfloat16
//   STATE  type that is computed with: float, or double for inputs of double
//   WIDTH  neighbouring numbers that a thread handles, and loads and stores at once
// Kernels take pointers, long long and double only, which are what the launcher passes.

typedef REAL real;
typedef STATE state;

template <typename T> struct alignas(WIDTH * sizeof(T)) Pack {
  T at[WIDTH];
};

// Row numbers that are aligned for it, in one instruction.
template <typename T>
__device__ __forceinline__ void load(const T *__restrict__ from, state (&to)[WIDTH]) {
  const Pack<T> pack = *reinterpret_cast<const Pack<T> *>(from);
#pragma unroll
  for (int k = 0; k < WIDTH; ++k) to[k] = static_cast<state>(pack.at[k]);
}

template <typename T>
__device__ __forceinline__ void store(T *__restrict__ to, const state (&from)[WIDTH]) {
  Pack<T> pack;
#pragma unroll
  for (int k = 0; k < WIDTH; ++k) pack.at[k] = static_cast<T>(from[k]);
  *reinterpret_cast<Pack<T> *>(to) = pack;
}

// A scalar, or one value per neuron that repeats for every sample.
__device__ __forceinline__ void spread(const state *__restrict__ values, long long count,
                                       long long first, state (&to)[WIDTH]) {
#pragma unroll
  for (int k = 0; k < WIDTH; ++k) to[k] = values[count == 1 ? 0 : (first + k) % count];
}

__device__ __forceinline__ long long my_first() {
  return (blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x) * WIDTH;
}

__device__ __forceinline__ float exponential(float a) { return expf(a); }
__device__ __forceinline__ double exponential(double a) { return exp(a); }
