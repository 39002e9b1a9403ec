import { defineConfig } from 'prisma/config';

/** For Prisma's CLI alone: the service migrates by itself. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Generating the client needs no database, so none may be named.
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
