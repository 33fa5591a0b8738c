"""The page that plays pictures: one file, which loads nothing and needs no network."""

import json
from collections.abc import Sequence
from string import Template

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Events</title>
<style>
body { font-family: sans-serif; margin: 1rem; color: #222; background: #fff; }
img { max-width: 100%; display: block; }
.controls { display: flex; gap: 0.8rem; align-items: center; max-width: 600px; }
input { flex: 1; }
output { min-width: 5rem; text-align: right; font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<img id="picture" alt="events of a camera, one exposure after the other">
<div class="controls">
<button id="play" type="button">Pause</button>
<input id="place" type="range" min="0" max="$last" value="0" aria-label="picture">
<output id="number"></output>
</div>
<script>
const pictures = $pictures;
const picture = document.getElementById("picture");
const place = document.getElementById("place");
const number = document.getElementById("number");
const play = document.getElementById("play");
let timer = null;
function show(k) {
  place.value = k;
  picture.src = "data:image/png;base64," + pictures[k];
  number.textContent = (k + 1) + " of " + pictures.length;
}
function start() {
  timer = setInterval(() => show((Number(place.value) + 1) % pictures.length), $pause);
  play.textContent = "Pause";
}
function stop() {
  clearInterval(timer);
  timer = null;
  play.textContent = "Play";
}
play.addEventListener("click", () => (timer === null ? start() : stop()));
place.addEventListener("input", () => { stop(); show(Number(place.value)); });
show(0);
start();
</script>
</body>
</html>
""")


def page(pictures: Sequence[str], rate: float) -> str:
    """The text of a page that plays PNG pictures, given in base64, at so many per second."""
    return _PAGE.substitute(
        last=len(pictures) - 1, pictures=json.dumps(list(pictures)), pause=round(1000 / rate)
    )
