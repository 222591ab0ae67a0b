// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
"use strict";

const at = (id) => document.getElementById(id);

// Texts may come from the wire: they are set as text, never as markup.
function fill(table, head, rows) {
  table.replaceChildren();
  for (const cells of [head, ...rows]) {
    const row = table.insertRow();
    for (const cell of cells) {
      const td = row.appendChild(document.createElement(cells === head ? "th" : "td"));
      td.textContent = typeof cell === "number" ? cell.toLocaleString("en") : cell ?? "";
      if (typeof cell === "number") td.className = "number";
    }
  }
}

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

const json = async (path) => (await get(path)).json();

async function showFlows() {
  const names = Object.keys(await json("/flow/json"));
  const select = at("flow");
  if (names.join() !== [...select.options].map((o) => o.value).join())
    select.replaceChildren(...names.map((n) => new Option(n, n)));
  if (!select.value) return;
  const path = `/activeflows/ALL/${encodeURIComponent(select.value)}/json?maxFlows=20`;
  fill(at("flows"), ["key", "per second", "+- (95 %)", "agent", "port", "data sources"],
    (await json(path)).map((f) => [f.key, Math.round(f.value), Math.round(f.error),
      f.agentName ?? f.agent, f.portName ?? f.dataSource, f.flowN]));
}

async function showEvents() {
  fill(at("events"), ["time", "threshold", "flow", "value", "limit", "agent", "port"],
    (await json("/events/json?maxEvents=20")).map((e) => [new Date(e.timestamp).toLocaleTimeString(),
      e.thresholdID, e.flowKey ?? e.metric, Math.round(e.value), e.threshold, e.agentName ?? e.agent,
      e.portName ?? e.dataSource]));
}

async function showNow() {
  const [a, ledger] = [await json("/analyzer/json"), await json("/weir/ledger")];
  const closes = Object.entries(ledger).filter(([, l]) => !l.closes).map(([name]) => name);
  fill(at("now"), ["agents", "datagrams", "bytes", "dropped before us", "parse errors", "events"],
    [[a.sFlowAgents, a.sFlowDatagramsReceived, a.sFlowBytesReceived, a.sFlowDatagramsDiscarded,
      a.sFlowParseErrors, a.eventsGenerated]]);
  at("version").textContent = a.version + (closes.length ? ` (open ledgers: ${closes})` : "");
}

async function showResources() {
  const api = await json("/weir/openapi.json");
  fill(at("api"), ["resource", "methods", "what"], Object.entries(api.paths).map(([path, ops]) =>
    [path, Object.keys(ops).join(" ").toUpperCase(), Object.values(ops)[0].summary]));
}

async function refresh() {
  try {
    await showNow();
    await showFlows();
    await showEvents();
    at("error").hidden = true;
  } catch (e) {
    at("error").textContent = e.message;
    at("error").hidden = false;
  }
  setTimeout(refresh, 2000);
}

at("try").addEventListener("submit", async (submit) => {
  submit.preventDefault();
  const text = await (await fetch(at("path").value)).text();
  try {
    at("answer").textContent = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    at("answer").textContent = text;
  }
});
// A link to one of sFlow-RT's pages.
if (location.pathname.endsWith("/html")) {
  at("path").value = location.pathname.replace(/html$/, "json") + location.search;
  at("try").requestSubmit();
  at("try").scrollIntoView();
}
showResources();
refresh();
