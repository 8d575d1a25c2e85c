/** GPU buffers of this realm that were created and not destroyed. */
export interface LiveBuffers {
  readonly count: number;
  readonly bytes: number;
}

let count = 0;
let bytes = 0;
let isCounting = false;

/** Counts from now on, whoever makes the buffers; buffers that are dropped without `destroy` stay counted. */
export function countLiveBuffers(): void {
  if (isCounting) return;
  isCounting = true;
  const createBuffer = Reflect.get<GPUDevice, 'createBuffer'>(GPUDevice.prototype, 'createBuffer');
  const destroy = Reflect.get<GPUBuffer, 'destroy'>(GPUBuffer.prototype, 'destroy');
  const live = new WeakSet<GPUBuffer>();
  GPUDevice.prototype.createBuffer = function counted(descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    live.add(buffer);
    count++;
    bytes += buffer.size;
    return buffer;
  };
  GPUBuffer.prototype.destroy = function counted() {
    if (live.delete(this)) {
      count--;
      bytes -= this.size;
    }
    return destroy.call(this);
  };
}

export function liveBuffers(): LiveBuffers {
  return { count, bytes };
}
