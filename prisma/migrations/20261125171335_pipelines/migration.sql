-- AlterTable
ALTER TABLE "job" ADD COLUMN     "pipeline_id" TEXT,
ADD COLUMN     "waits_for" TEXT;

-- CreateTable
CREATE TABLE "pipeline" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT,
    "labels" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pipeline_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "pipeline_project_id_created_at_id_idx" ON "pipeline"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "job_pipeline_id_idx" ON "job"("pipeline_id");

-- CreateIndex
CREATE INDEX "job_waits_for_idx" ON "job"("waits_for");

-- AddForeignKey
ALTER TABLE "pipeline" ADD CONSTRAINT "pipeline_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_pipeline_id_fkey" FOREIGN KEY ("pipeline_id") REFERENCES "pipeline"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
