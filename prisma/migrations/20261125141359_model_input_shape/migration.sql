-- AlterTable
ALTER TABLE "model" ADD COLUMN     "input_shape" INTEGER[],
ADD COLUMN     "window" JSON;
