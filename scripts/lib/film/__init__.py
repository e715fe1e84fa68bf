"""A film out of clips and sounds, with FFmpeg: a library of its own that knows no service, no price and no videod.

From the bottom up:

- `ffmpeg` runs the one program, within bounds, and reads what it says of a file. `ffprobe` is never needed.
- `packets` lists the packets of a stream without decoding it; `mp4` reads and writes the few boxes that FFmpeg cannot.
- `loudness` measures a sound; `picture_format` is the one format of a film and how a clip is brought to it.
- `pace` says how long a shot stands around its words, `voice` where in a recording they are.
- `padding` looks at what an encoder put behind the edge, `ending` encodes no more of a clip than what fades to black.
- `renumber` lets pictures of several encoders share a film without encoding them.
- `overlay` is what is drawn over a shot: a watermark, or pictures with their place and time.
- `sounds` has the chains of filters of a shot's voice and ambience.
- `segment` makes one part of a film: a clip trimmed to its narration, voice and effect mixed. `checked` certifies it,
  so that nobody has to decode it a second time.
- `manifest` is the list of clips; `assembly` turns it into segments whose packets fit together.
- `joining` copies the segments into one film and checks it packet by packet; `mixing` lays their sounds side by side,
  `mastering` brings the whole to its loudness.
- `spoken` keeps when a narration's characters are spoken, `said` where it lies in its cut and where it is silent;
  `caption_times` makes words of the film with times of both, `captions` captions of the words, by `caption_rules`, and
  `caption_files` writes them.

What fails raises `Failure`. Files are written where the caller says; `scripts.lib.atomic` puts the film in its place.
"""
