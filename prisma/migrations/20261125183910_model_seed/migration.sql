-- AlterTable
ALTER TABLE "model" ALTER COLUMN "seed" DROP NOT NULL;

-- Imports drew nothing at random, and were written down with a seed of 0.
UPDATE "model" SET "seed" = NULL WHERE "imported" IS NOT NULL;
