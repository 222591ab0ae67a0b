// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: node client.js PORT   what programs for Node.js do: http.request() and write()
//
// No content type, no length, so the body goes in chunks; connections are kept; the events are read by
// long polls with a cursor. Prints one line of JSON: what it saw.
'use strict';
const http = require('http');
const agent = new http.Agent({keepAlive: true, maxSockets: 1});
const seen = {sockets: new Set(), events: []};

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const req = http.request({host: '127.0.0.1', port: process.argv[2], method, path, agent}, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk) => { text += chunk; });
      res.on('end', () => resolve({status: res.statusCode, text}));
    });
    req.on('socket', (socket) => seen.sockets.add(socket));
    req.on('error', reject);
    if (body) req.write(JSON.stringify(body));
    req.end();
  });
}

async function main() {
  const flow = {keys: 'ipsource,ipdestination', value: 'bytes', filter: null, t: 1};
  seen.put = (await ask('PUT', '/flow/node/json', flow)).status;
  seen.flow = JSON.parse((await ask('GET', '/flow/node/json')).text);
  seen.threshold = (await ask('PUT', '/threshold/node/json',
      {metric: 'node', value: 1, byFlow: true, timeout: 1})).status;
  for (let id = -1; seen.events.length === 0;) {
    const url = `/events/json?maxEvents=10&timeout=30&thresholdID=node&eventID=${id}`;
    const events = JSON.parse((await ask('GET', url)).text);
    if (events.length > 0) id = events[0].eventID;
    events.reverse().forEach((e) => seen.events.push(e));
  }
  seen.deleted = [(await ask('DELETE', '/threshold/node/json')).status,
    (await ask('DELETE', '/flow/node/json')).status];
  seen.gone = (await ask('GET', '/flow/node/json')).status;
  seen.sockets = seen.sockets.size;
  console.log(JSON.stringify(seen));
  agent.destroy();
}

main().catch((err) => { console.error(err); process.exit(1); });
