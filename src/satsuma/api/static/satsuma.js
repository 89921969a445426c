/* Satsuma's script for pages: page views and clicks, and nothing before consent.

   <script src="https://YOUR-SERVER/satsuma.js" data-key="WRITE-KEY" defer></script>

   satsuma.consent(true | false | {analytics: true, advertising: false})   the visitor's decision, kept
   satsuma.track("Product Viewed", {...})   satsuma.identify("customer-1", {...})   satsuma.page("Name", {...})
   satsuma.reset()   forget the visitor on this device

   Attributes: data-consent="given" when the site asks for consent itself before it loads this; data-clicks="off";
   data-host when messages go elsewhere than where the script comes from.
   Global Privacy Control and Do Not Track are a no that only an explicit consent(true) overrides. */
(function (window, document) {
  "use strict";
  var script = document.currentScript;
  if (!script || window.satsuma) return;
  var key = script.getAttribute("data-key") || "";
  var host = (script.getAttribute("data-host") || new URL(script.src).origin).replace(/\/$/, "");
  var MOST = 30, EVERY = 3000, MOST_BYTES = 60000, MOST_TEXT = 300;
  var navigator = window.navigator;
  var refuses = navigator.globalPrivacyControl === true || navigator.doNotTrack === "1" || window.doNotTrack === "1";
  var queue = [], timer = null, memory = {}, lastPage = null;

  function read(name) {
    try { return window.localStorage.getItem("satsuma." + name); } catch (e) { return memory[name] || null; }
  }
  function write(name, value) {
    memory[name] = value;
    try {
      if (value === null) window.localStorage.removeItem("satsuma." + name);
      else window.localStorage.setItem("satsuma." + name, value);
    } catch (e) { /* private windows have no store: the page remembers for itself */ }
  }
  function decision() {
    try { return JSON.parse(read("consent")); } catch (e) { return null; }
  }
  function allowed() {
    var said = decision();
    if (said === true || (said && said.analytics === true)) return true;
    if (said !== null || refuses) return false;
    return script.getAttribute("data-consent") === "given";
  }
  function id() {
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join("");
  }
  function visitor() {
    var known = read("anonymous");
    if (!known) write("anonymous", known = id());
    return known;
  }
  function bare(url) { return String(url || "").split(/[?#]/)[0]; }

  function add(type, fields) {
    if (!allowed()) return;
    var said = decision();
    var message = {
      type: type, messageId: id(), anonymousId: visitor(), timestamp: new Date().toISOString(),
      context: {
        library: { name: "satsuma.js", version: "1" },
        page: { url: bare(location.href), path: location.pathname, title: document.title.slice(0, MOST_TEXT),
                referrer: bare(document.referrer) },
        locale: navigator.language, screen: { width: window.screen.width, height: window.screen.height }
      }
    };
    var campaign = {}, query = new URLSearchParams(location.search);
    ["source", "medium", "term", "content"].forEach(function (part) {
      if (query.get("utm_" + part)) campaign[part] = query.get("utm_" + part).slice(0, MOST_TEXT);
    });
    if (query.get("utm_campaign")) campaign.name = query.get("utm_campaign").slice(0, MOST_TEXT);
    if (Object.keys(campaign).length) message.context.campaign = campaign;
    if (said && typeof said === "object") message.context.consent = { categoryPreferences: said };
    if (read("user")) message.userId = read("user");
    for (var name in fields) message[name] = fields[name];
    queue.push(message);
    if (queue.length >= MOST) flush();
    else if (!timer) timer = setTimeout(flush, EVERY);
  }

  function flush() {
    clearTimeout(timer);
    timer = null;
    while (queue.length) {
      var batch = queue.splice(0, MOST), body = pack(batch);
      while (body.length > MOST_BYTES && batch.length > 1) {
        queue.unshift(batch.pop());
        body = pack(batch);
      }
      send(body, 0);
    }
  }
  function pack(batch) {
    return JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch: batch });
  }
  function send(body, tries) {
    // As plain text, so that no question goes before it.
    var blob = new Blob([body], { type: "text/plain" });
    if (document.visibilityState === "hidden" && navigator.sendBeacon && navigator.sendBeacon(host + "/v1/batch", blob)) return;
    function again() {
      if (tries < 4) setTimeout(function () { if (allowed()) send(body, tries + 1); }, 1000 * Math.pow(2, tries));
    }
    window.fetch(host + "/v1/batch", { method: "POST", body: blob, keepalive: body.length < MOST_BYTES, credentials: "omit" })
      .then(function (answer) { if (answer.status === 429 || answer.status >= 500) again(); }, again);
  }

  /* The place of an element by tags, ids and numbers: what a person reads or writes there is left out. */
  function selector(element) {
    var parts = [];
    while (element && element.nodeType === 1 && element !== document.documentElement && parts.length < 6) {
      var part = element.tagName.toLowerCase();
      if (element.id && /^[A-Za-z][\w-]{0,40}$/.test(element.id) && !/\d{4}/.test(element.id)) {
        parts.unshift(part + "#" + element.id);
        break;
      }
      var place = 1, before = element;
      while ((before = before.previousElementSibling)) if (before.tagName === element.tagName) place++;
      parts.unshift(part + ":nth-of-type(" + place + ")");
      element = element.parentElement;
    }
    return parts.join(" > ");
  }
  function clicked(event) {
    if (!event.isTrusted || !(event.target instanceof Element)) return;
    var box = event.target.getBoundingClientRect(), root = document.documentElement;
    add("track", { event: "Element Clicked", properties: {
      selector: selector(event.target), x: Math.round(event.pageX), y: Math.round(event.pageY),
      element_x: box.width ? Math.round(1000 * (event.clientX - box.left) / box.width) / 1000 : 0,
      element_y: box.height ? Math.round(1000 * (event.clientY - box.top) / box.height) / 1000 : 0,
      page_width: root.scrollWidth, page_height: root.scrollHeight, viewport_width: window.innerWidth
    } });
  }

  var api = window.satsuma = {
    track: function (event, properties) { add("track", { event: event, properties: properties || {} }); },
    page: function (name, properties) {
      lastPage = location.pathname;
      add("page", { name: name, properties: properties || {} });
    },
    identify: function (user, traits) {
      if (!allowed()) return;
      if (user) write("user", String(user));
      add("identify", { traits: traits || {} });
    },
    group: function (group, traits) { add("group", { groupId: group, traits: traits || {} }); },
    consent: function (said) {
      var before = allowed();
      write("consent", JSON.stringify(said));
      if (!allowed()) { queue = []; write("anonymous", null); write("user", null); }
      else if (!before) api.page();
    },
    reset: function () { flush(); write("anonymous", null); write("user", null); },
    flush: flush
  };
  function moved() { if (location.pathname !== lastPage) api.page(); }
  ["pushState", "replaceState"].forEach(function (name) {
    var own = history[name];
    history[name] = function () { var answer = own.apply(this, arguments); moved(); return answer; };
  });
  window.addEventListener("popstate", moved);
  if (script.getAttribute("data-clicks") !== "off") document.addEventListener("click", clicked, true);
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") flush(); });
  window.addEventListener("pagehide", flush);
  api.page();
})(window, document);
