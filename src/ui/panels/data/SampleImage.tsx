import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import type { SampleImages } from '#protocol/messages.ts';

/** One image on a canvas of its own size; CSS enlarges it without smoothing. The label beside it names it. */
export function SampleImage({ images, index }: { images: SampleImages; index: number }): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { width, height, pixels } = images;
    const size = width * height * 4;
    const image = new ImageData(pixels.slice(index * size, (index + 1) * size), width, height);
    canvas.current?.getContext('2d')?.putImageData(image, 0, 0);
  }, [images, index]);
  return <canvas ref={canvas} width={images.width} height={images.height} aria-hidden="true" />;
}
