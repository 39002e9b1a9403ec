-- AlterTable
ALTER TABLE "model" ADD COLUMN     "imported" JSON,
ALTER COLUMN "task" DROP NOT NULL;
