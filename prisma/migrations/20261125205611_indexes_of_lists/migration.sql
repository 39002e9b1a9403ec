-- DropIndex
DROP INDEX "job_status_queued_at_idx";

-- CreateIndex
CREATE INDEX "job_project_id_status_created_at_id_idx" ON "job"("project_id", "status", "created_at", "id");

-- CreateIndex
CREATE INDEX "job_project_id_name_created_at_id_idx" ON "job"("project_id", "name", "created_at", "id");

-- CreateIndex
CREATE INDEX "job_labels_idx" ON "job" USING GIN ("labels" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "job_status_priority_queued_at_id_idx" ON "job"("status", "priority", "queued_at", "id");

-- CreateIndex
CREATE INDEX "model_job_id_idx" ON "model"("job_id");

-- CreateIndex
CREATE INDEX "model_parent_model_id_idx" ON "model"("parent_model_id");

-- CreateIndex
CREATE INDEX "pipeline_labels_idx" ON "pipeline" USING GIN ("labels" jsonb_path_ops);
