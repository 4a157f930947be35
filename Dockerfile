# Debian, because uWebSockets.js ships binaries for glibc.
FROM node:22-bookworm-slim AS pages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY src ./src
RUN npm run pages

FROM node:22-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY src ./src
COPY --from=pages /app/dist ./dist
RUN mkdir /data && chown node:node /data
USER node
ENV DATA_DIR=/data HOST=0.0.0.0
EXPOSE 8080
# OPS_PORT listens on loopback inside the container: this check reaches it, nobody outside does.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself, not npm: it must get the SIGTERM.
CMD ["node_modules/.bin/node", "src/main.ts"]
