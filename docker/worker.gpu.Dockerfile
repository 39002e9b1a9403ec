# A worker on an NVIDIA GPU: tfjs-node-gpu's TensorFlow 2.9 wants CUDA 11 and cuDNN 8. The host needs the NVIDIA
# container toolkit. Build from the root of the repository: docker build -f docker/worker.gpu.Dockerfile .

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Here the install script must run: it fetches TensorFlow. npm drops an optional dependency whose script fails,
# so the image is refused where the library is missing.
RUN npm ci --omit=dev --no-audit --no-fund \
  && ls node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v*/tfjs_binding.node

FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY prisma/migrations prisma/migrations
COPY --from=build /app/dist dist
COPY docker/start-worker.sh /usr/local/bin/start-worker
RUN useradd --create-home --uid 1000 node && install -d -o node -g node /data
USER node
# Told to use the GPU, a worker refuses to start without one. TensorFlow else takes all of the GPU's memory at once,
# and the trainer and the predictor share it.
ENV NODE_ENV=production TRAINYARD_HOME=/data TRAINYARD_BACKEND=tfjs-node-gpu TF_FORCE_GPU_ALLOW_GROWTH=true
VOLUME /data
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "dist/apps/worker/health.js"]
CMD ["start-worker"]
