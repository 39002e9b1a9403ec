-- AlterTable: a model may predict several columns; those that are there predict one.
ALTER TABLE "model" RENAME COLUMN "target" TO "targets";
ALTER TABLE "model" ALTER COLUMN "targets" DROP NOT NULL,
ALTER COLUMN "targets" SET DATA TYPE TEXT[] USING ARRAY["targets"];
