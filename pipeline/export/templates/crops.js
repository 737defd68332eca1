// The place of a row on its page, cut out of the strip that shows it.

const AROUND = { x: 190, y: 36 };

async function drawCrop(crops, box) {
  const [page, x0, top, x1, bottom] = box;
  const index = crops.findIndex((one) => one[0] === page && one[1] <= x0 && one[2] <= top && one[3] >= x1 && one[4] >= bottom);
  if (index < 0) return null;
  const [, left, upper, right, lower, scale] = crops[index];
  const picture = make("img", { src: "data:image/png;base64," + document.getElementById(`crop-${index}`).textContent });
  await picture.decode();
  const from = { x: Math.max(left, x0 - AROUND.x), y: Math.max(upper, top - AROUND.y) };
  const to = { x: Math.min(right, x1 + AROUND.x), y: Math.min(lower, bottom + AROUND.y) };
  const size = { width: Math.round((to.x - from.x) * scale), height: Math.round((to.y - from.y) * scale) };
  const canvas = make("canvas", { ...size, role: "img", ariaLabel: `第${page}页的原件` });
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, (from.x - left) * scale, (from.y - upper) * scale, size.width, size.height, 0, 0, size.width, size.height);
  pen.strokeStyle = "#d0342c";
  pen.lineWidth = 2;
  pen.strokeRect((x0 - from.x) * scale - 2, (top - from.y) * scale - 2, (x1 - x0) * scale + 4, (bottom - top) * scale + 4);
  return canvas;
}
