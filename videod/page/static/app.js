"use strict";
// The page works without this file; with it, it follows what happens, listens to keys, and plays the rough cut.
(() => {
  const $ = (what, from = document) => from.querySelector(what);
  const all = (what, from = document) => [...from.querySelectorAll(what)];
  const money = micros => "$" + (micros / 1e6).toFixed(2);

  // ---- the way in: the secret stands behind the #, which no server sees
  const enter = $("#enter");
  if (enter && location.hash.length > 20) {
    $("#code").value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search);
    enter.submit();
    return;
  }

  // ---- pictures that are being made come a little later
  const again = event => {
    const one = event.target;
    if (!(one instanceof HTMLImageElement) || !("again" in one.dataset)) return;
    const tries = Number(one.dataset.tries || 0);
    if (tries > 40) return;
    one.dataset.tries = tries + 1;
    one.classList.add("making");
    setTimeout(() => { one.src = one.src.split("?")[0] + "?" + (tries + 1); }, 1500);
  };
  document.addEventListener("error", again, true);
  document.addEventListener("load", event => event.target.classList && event.target.classList.remove("making"), true);
  // those that failed before this file was read
  for (const one of all("img[data-again]")) if (one.complete && !one.naturalWidth) again({ target: one });

  // ---- what happens elsewhere is shown here, unless somebody writes, listens or looks closely
  const busy = () => all("dialog[open], details.tool[open]").length > 0
    || all("video, audio").some(one => !one.paused)
    || all("input:checked[type=checkbox]").length > 0
    || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement && document.activeElement.tagName)
    || all("textarea, input:not([type=hidden], [type=checkbox], [readonly])").some(one => one.value !== one.defaultValue)
    || ["new", "draft", "sure", "people"].includes($("#main") && $("#main").dataset.room);
  const pill = $("#changed");
  const show = () => { if (pill) pill.hidden = true; document.body.dispatchEvent(new Event("videod-changed")); };
  if (pill && window.EventSource) {
    let source = null, told = 0;
    const changed = () => {
      if (document.hidden) { told = 1; return; }
      if (["new", "draft", "sure", "people"].includes($("#main").dataset.room)) return;
      if (busy()) pill.hidden = false; else show();
    };
    const listen = () => {
      const shows = $("#main").dataset.shows;
      source = new EventSource("/changes" + (shows ? "?" + shows : ""));
      source.addEventListener("changed", changed);
    };
    listen();
    document.addEventListener("visibilitychange", () => { if (!document.hidden && told) { told = 0; changed(); } });
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", event => { if (event.persisted) { listen(); changed(); } });
    pill.addEventListener("click", () => location.reload());
  }

  // ---- forms are sent once; a file says that it is on its way
  document.addEventListener("submit", event => {
    const form = event.target;
    if (form.method === "dialog") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    const button = event.submitter;
    if (button && "upload" in form.dataset) button.textContent = "Sending …";
    if (button) button.setAttribute("aria-busy", "true");
    setTimeout(() => { delete form.dataset.sent; }, 15000);
  });
  // the key of a form with a file stands in its address: its body is read piece by piece
  const keyOf = () => { const one = $("input[name=form_key]"); return one ? one.value : ""; };
  document.addEventListener("submit", event => {
    const form = event.target;
    if (!("upload" in form.dataset) || event.defaultPrevented) return;
    event.preventDefault();
    const ask = new XMLHttpRequest(), button = event.submitter;
    ask.open("POST", form.action);
    ask.setRequestHeader("X-Form-Key", keyOf());
    ask.upload.onprogress = part => { if (button && part.total) button.textContent = "Sending " + Math.round(100 * part.loaded / part.total) + " %"; };
    ask.onload = () => { if (ask.responseURL && ask.responseURL !== location.href) location.href = ask.responseURL; location.reload(); };
    ask.onerror = () => { if (button) button.textContent = "It did not arrive. Try again"; delete form.dataset.sent; };
    ask.send(new FormData(form));
  });

  // ---- marks, and the sum of several approvals
  const dock = () => {
    const marked = all("input[form=marks]:checked"), box = $("#dock .marked");
    if (box) {
      box.hidden = !marked.length;
      $("[data-count]", box).textContent = marked.length + " marked";
    }
    const many = all("input[form=many]:checked"), sum = $("[data-sum]");
    if (sum) {
      const micros = many.reduce((total, one) => total + Number(one.dataset.cost), 0);
      $("[data-many]").textContent = many.length + (many.length === 1 ? " review" : " reviews");
      sum.textContent = many.length ? money(micros) + " in all" : "chosen";
      $("#many-dock").classList.toggle("on", many.length > 0);
    }
  };
  document.addEventListener("change", event => {
    if (event.target.matches("input[type=checkbox]")) dock();
    if ("submit" in event.target.dataset) event.target.form.requestSubmit();
  });
  dock();

  // ---- a new entry is checked while it is written
  const fresh = $("[data-new]");
  if (fresh) {
    const channel = $("#channel"), title = $("#title"), said = $("#title-said");
    const priced = () => {
      const chosen = channel.selectedOptions[0];
      $("[data-estimate]").textContent = chosen ? chosen.dataset.price : "";
      for (const one of all(".brand-of")) one.hidden = one.dataset.brand !== channel.value;
    };
    const checked = () => {
      const text = title.value, bad = /[<>]/.test(text);
      title.setCustomValidity(bad ? "YouTube does not allow < or > in titles." : "");
      title.setAttribute("aria-invalid", bad);
      said.textContent = bad ? "YouTube does not allow < or > in titles. Remove them." : text.length + " of 100 characters.";
      said.classList.toggle("trouble", bad);
    };
    channel.addEventListener("change", priced);
    title.addEventListener("input", checked);
    priced();
  }

  // ---- enlarged pictures, and the rough cut
  const viewer = $("#viewer");
  let shown = [], at = 0, ending = null;
  const stage = () => $(".stage", viewer);
  const put = number => {
    if (ending) ending();
    at = Math.max(0, Math.min(shown.length - 1, number));
    const one = shown[at];
    stage().replaceChildren();
    $(".said", viewer).textContent = one.said || "";
    $(".where", viewer).textContent = (at + 1) + " of " + shown.length;
    if (one.kind === "image") {
      const picture = new Image();
      picture.src = one.source;
      picture.alt = one.said || "";
      stage().append(picture);
      return;
    }
    const film = document.createElement("video");
    film.src = one.source; film.controls = true; film.playsInline = true; film.autoplay = true;
    stage().append(film);
    const follow = () => { if (at + 1 < shown.length) put(at + 1); };
    let voice = null;
    if (one.voice) {
      voice = new Audio(one.voice);
      film.loop = true; film.volume = .25;
      voice.play().catch(() => {});
      voice.addEventListener("ended", follow);
    } else film.addEventListener("ended", follow);
    film.addEventListener("error", follow);
    film.play().catch(() => {});
    const next = shown[at + 1];
    if (next) { const early = document.createElement("link"); early.rel = "prefetch"; early.href = next.source; document.head.append(early); }
    ending = () => { film.pause(); if (voice) voice.pause(); ending = null; };
  };
  const open = (list, from) => { shown = list; viewer.showModal(); put(from); };
  if (viewer) {
    viewer.addEventListener("close", () => { if (ending) ending(); stage().replaceChildren(); });
    viewer.addEventListener("click", event => {
      if ("close" in event.target.dataset || event.target === viewer) viewer.close();
      if (event.target.dataset.step) put(at + Number(event.target.dataset.step));
    });
    let from = null;
    viewer.addEventListener("touchstart", event => { from = event.changedTouches[0].clientX; }, { passive: true });
    viewer.addEventListener("touchend", event => {
      const by = from === null ? 0 : event.changedTouches[0].clientX - from;
      if (Math.abs(by) > 50) put(at + (by < 0 ? 1 : -1));
    }, { passive: true });
  }
  const play = () => {
    const button = $("#play");
    if (!button) return;
    for (const one of all("video, audio")) one.pause();
    const rows = all("[data-row]");
    if ("cuts" in button.dataset) open(rows.filter(row => row.dataset.cut).map(row => ({ kind: "video", source: row.dataset.cut, said: row.dataset.said })), 0);
    else open(rows.filter(row => $("video", row)).map(row => ({ kind: "video", source: $("video", row).src, said: row.dataset.said, voice: $("audio", row) && $("audio", row).src })), 0);
  };
  document.addEventListener("click", event => {
    const link = event.target.closest && event.target.closest("a[data-view]");
    if (link && viewer && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      const links = all("a[data-view]");
      open(links.map(one => ({ kind: "image", source: one.href, said: one.dataset.said })), links.indexOf(link));
    }
    if (event.target.id === "play") play();
    for (const one of all(".more details[open]")) if (!one.contains(event.target)) one.open = false;
  });
  // one thing is heard at a time
  document.addEventListener("play", event => { for (const one of all("video, audio")) if (one !== event.target && !viewer.contains(event.target)) one.pause(); }, true);

  // ---- keys
  const rows = () => all("[data-row]");
  const current = () => rows().indexOf(document.activeElement && document.activeElement.closest("[data-row]"));
  const step = by => {
    const list = rows();
    if (!list.length) return;
    const to = list[Math.max(0, Math.min(list.length - 1, current() < 0 ? 0 : current() + by))];
    const focus = $("[data-open]", to) || to;
    focus.focus({ preventScroll: true });
    to.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT|VIDEO|AUDIO)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
    if (viewer && viewer.open) {
      if (event.key === "ArrowRight" || event.key === "j") put(at + 1);
      else if (event.key === "ArrowLeft" || event.key === "k") put(at - 1);
      else return;
      event.preventDefault();
      return;
    }
    if (all("dialog[open]").length) return;
    const row = rows()[current()];
    const acts = {
      j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
      a: () => { const one = $("#approve button") || (row && $("input[form=many]", row)); if (one) one.matches("input") ? one.click() : one.focus(); },
      r: () => { const one = row && ($(".piece.now input[form=marks]", row) || $("input[form=marks]", row)); if (one) one.click(); else if (row && $("[data-redo]", row)) $("[data-redo]", row).focus(); },
      n: () => { const one = $("#next"); if (one) one.click(); },
      p: play,
      "?": () => $("#keys").showModal(),
      Enter: () => {
        if (!row || document.activeElement !== row) return false;
        const film = $(".piece.now video, .piece.now audio", row) || $("video, audio", row), picture = $(".piece.now a[data-view]", row) || $("a[data-view]", row);
        if (film) film.paused ? film.play() : film.pause(); else if (picture) picture.click();
        return true;
      },
    };
    const act = acts[event.key];
    if (act && rows().length + 1 && act() !== false) event.preventDefault();
  });
})();
