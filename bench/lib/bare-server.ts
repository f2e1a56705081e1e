import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/** A server that only accepts sockets and greets them: what a connection costs before it means anything. */
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
server.on('connection', (socket) => socket.send('{"type":"welcome"}'));
http.listen(Number(process.argv[2]), '127.0.0.1', 4_096, () => process.send?.('ready'));
process.on('disconnect', () => process.exit(0));
