-- AlterTable
ALTER TABLE "job" ADD COLUMN     "parent_model_id" TEXT;

-- AlterTable
ALTER TABLE "model" ADD COLUMN     "network" JSON,
ADD COLUMN     "preprocess" JSON,
ADD COLUMN     "stages" JSON NOT NULL DEFAULT '[]',
ALTER COLUMN "job_id" DROP NOT NULL,
ALTER COLUMN "dataset_id" DROP NOT NULL;
